using System.Text.Json.Nodes;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Hocon;

namespace FeatureActors.Core.Tests.Definitions;

/// <summary>The words in which a plan speaks of windows and of changes of them.</summary>
public sealed class PlanTextTests
{
    [Theory]
    [InlineData("{ tumbling = 15m }", "tumbling-15m: the 15m from a multiple of it that contains T", "15m, at most 2 slots, 16 B per key")]
    [InlineData("{ tumbling = 1d, zone = Europe/Paris }", "tumbling-1d: the day in Europe/Paris that contains T", "25h, at most 3 slots, 24 B per key")]
    [InlineData("{ tumbling = month, back = 2 }", "tumbling-month@2: the month in UTC 2 before the one that contains T", "93d, at most 5 slots, 40 B per key")]
    [InlineData("{ size = 1d, offset = 7d }", "1d@7d: slot 15m, never less than 1d, at most 15m more, ending 7d ago", "11535m, at most 770 slots, 6160 B per key")]
    [InlineData("{ session = 30m }", "session-30m: the session that a pause of 30m ends, rows up to 30m late", "1h, at most 4 slots, 64 B per key")]
    [InlineData("{ session = 30m, lateness = 2h }", "session-30m: the session that a pause of 30m ends, rows up to 2h late", "150m, at most 7 slots, 112 B per key")]
    [InlineData("{ last = 100 }", "last-100: the 100 newest rows", "until the key is forgotten, at most 100 slots, 1600 B per key")]
    [InlineData("lifetime", "lifetime: everything since the key was first seen", "until the key is forgotten, at most 1 slots, 8 B per key")]
    public void Plan_says_what_a_window_holds_how_long_state_is_kept_and_what_it_may_cost(string window, string holds, string kept)
    {
        DefinitionsModel model = Samples.Bind(Samples.Group($"a {{ type = count, windows = [{window}] }}", "idle-expiry = 30d"));
        string text = PlanReport.Of(model, DefinitionsCatalog.Assign(model, null, 5)).ToText();
        string retractions = window.Contains("session", StringComparison.Ordinal) || window.Contains("last", StringComparison.Ordinal) ? "refused" : "exact";
        Assert.Contains(
            $"    a #1: count\n      window {holds}\n      accuracy: exact; retractions: {retractions}\n      kept {kept}\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("type = sum, of = v", "accuracy: exact; retractions: exact")]
    [InlineData("type = max, of = v", "accuracy: exact; retractions: refused")]
    [InlineData("type = distinct-approx, of = id", "accuracy: standard error 1.63 %; retractions: refused")]
    [InlineData("type = quantile, of = v", "accuracy: within 1 % of a value of that rank; beyond 2048 bins those nearest zero are joined and flagged; retractions: exact")]
    public void Plan_says_of_each_feature_how_exact_it_is_what_it_costs_and_whether_it_takes_rows_back(string feature, string expected)
    {
        string definitions = Samples.Group($"a {{ {feature}, windows = [1h] }}");
        DefinitionsModel model = DefinitionsBinder.Bind(HoconParser.ParseText(definitions, "d.conf"), new FeatureTypeRegistry(BuiltInFeatureTypes.All));
        PlanReport report = PlanReport.Of(model, DefinitionsCatalog.Assign(model, null, 5));
        string text = report.ToText();
        Assert.Contains($"      {expected}\n", text, StringComparison.Ordinal);
        Assert.Contains("      a row writes one slot, an evaluation reads at most 62\n", text, StringComparison.Ordinal);
        JsonNode json = JsonNode.Parse(report.ToJson())!["groups"]![0]!["features"]![0]!;
        Assert.Equal(expected.EndsWith("exact", StringComparison.Ordinal), json["invertible"]!.GetValue<bool>());
        Assert.StartsWith($"accuracy: {json["accuracy"]!.GetValue<string>()}; ", expected, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ session = 30m }", "[session 30m]", "{ session = 30m, lateness = 2h }", "[session 30m/2h]", "until 1970-01-01T00:30:00Z")]
    [InlineData("{ session = 30m }", "[session 30m]", "{ session = 1h }", "[session 1h]", "until 1970-01-01T01:00:00Z")]
    [InlineData("{ last = 100 }", "[last 100]", "{ last = 200 }", "[last 200]", "until 200 rows are newer than the window")]
    public void Another_gap_lateness_or_number_of_rows_is_another_state_which_begins_empty(
        string before, string stateBefore, string after, string stateAfter, string warming)
    {
        DefinitionsModel was = Samples.Bind(Samples.Group($"a {{ type = count, windows = [{before}] }}", "idle-expiry = 30d"));
        DefinitionsModel becomes = Samples.Bind(Samples.Group($"a {{ type = count, windows = [{after}] }}", "idle-expiry = 30d"));
        DefinitionsAssignment change = DefinitionsCatalog.Assign(becomes, DefinitionsCatalog.Assign(was, null, 5).Snapshot, 6);
        string text = PlanReport.Of(becomes, change).ToText();
        Assert.Contains($"  added e/g.a{stateAfter} #2\n  removed e/g.a{stateBefore} #1\n", text, StringComparison.Ordinal);
        Assert.Contains($"; warming {warming}\n", text, StringComparison.Ordinal);
        Assert.False(change.NeedsAcceptReset);
    }
}

using FeatureActors.Core.Definitions;

namespace FeatureActors.Core.Tests.Definitions;

public sealed class DerivedFeatureTests
{
    private const string Counts = "b { type = count, windows = [1h, 1d] }\nc { type = count, where = \"n = 1\", windows = [1d, 1h] }\n";

    [Fact]
    public void Each_stands_behind_all_that_it_reads_whatever_the_order_of_the_definitions()
    {
        GroupPlan group = Group(
            "z { type = derived, expr = \"y + x\", windows = [1d] }\ny { type = ratio, numerator = x, denominator = b }\n"
            + "x { type = derived, expr = \"b - c\" }\n" + Counts);
        Assert.Equal(
            ["b:1h", "b:1d", "c:1d", "c:1h", "x:1h", "x:1d", "y:1h", "y:1d", "z:1d"], group.Fields.Select(f => f.Name));
        Assert.Equal([7, 5], Assert.IsType<FormulaFieldPlan>(group.Fields[8]).Inputs);
        Assert.Equal([0, 3], Assert.IsType<FormulaFieldPlan>(group.Fields[4]).Inputs);
    }

    [Fact]
    public void Single_windows_and_features_without_windows_stand_beside_windowed_ones()
    {
        GroupPlan group = Group(
            "l { type = latest, of = v }\nx { type = derived, expr = \"b / \\\"b:1d\\\" * l\" }\n"
            + "bare { type = derived, expr = \"\\\"b:1d\\\" * l\" }\ntwice { type = ratio, numerator = bare, denominator = l }\n" + Counts);
        Assert.Equal(["l", "b:1h", "b:1d", "c:1d", "c:1h", "x:1h", "x:1d", "bare", "twice"], group.Fields.Select(f => f.Name));
        Assert.Equal([1, 2, 0], Assert.IsType<FormulaFieldPlan>(group.Fields[5]).Inputs);
        Assert.Equal([2, 0], Assert.IsType<FormulaFieldPlan>(group.Fields[7]).Inputs);
    }

    [Fact]
    public void A_circle_is_refused_once_where_it_closes()
    {
        string[] mistakes = Samples.Mistakes(Samples.Group(
            "p { type = derived, expr = \"q + 1\" }\nq { type = ratio, numerator = r, denominator = b }\nr { type = derived, expr = \"b * p\" }\n" + Counts));
        Assert.Equal(
            "d.conf:8:33: 'p' reads itself: p → q → r → p (a derived feature reads features that do not read it)", Assert.Single(mistakes));
    }

    [Fact]
    public void What_reads_a_feature_with_a_mistake_is_no_second_mistake() =>
        Assert.Single(Samples.Mistakes(Samples.Group(
            "p { type = derived, expr = \"q + a\" }\nq { type = ratio, numerator = b, denominator = bb }\na { type = sum, of = vv, windows = [1h] }\n"
            + Counts).Replace("vv", "v", StringComparison.Ordinal)));

    [Fact]
    public void A_change_of_what_has_no_state_is_shown_and_resets_nothing()
    {
        string Text(string derived) => Samples.Group(derived + "\n" + Counts);
        DefinitionsModel before = Samples.Bind(Text("x { type = derived, expr = \"b - c\" }\nr { type = ratio, numerator = b, denominator = c }"));
        DefinitionsAssignment first = DefinitionsCatalog.Assign(before, null, 5);
        Assert.Equal(["g.r", "g.x"], first.Changes.Where(c => c.Number is null).Select(c => c.Name).Order());
        Assert.All(first.Changes, c => Assert.Equal(DefinitionsChangeKind.Added, c.Change));

        DefinitionsModel after = Samples.Bind(Text("x { type = derived, expr = \"b + c\" }\ny { type = derived, expr = b }"));
        DefinitionsAssignment second = DefinitionsCatalog.Assign(after, first.Snapshot, 6);
        Assert.True(second.HasChanges);
        Assert.False(second.NeedsAcceptReset);
        Assert.Equal(
            [("g.x", DefinitionsChangeKind.Changed), ("g.y", DefinitionsChangeKind.Added), ("g.r", DefinitionsChangeKind.Removed)],
            second.Changes.Where(c => c.Change != DefinitionsChangeKind.Unchanged).Select(c => (c.Name, c.Change)));
        string report = PlanReport.Of(after, second).ToText();
        Assert.Contains("  changed e/g.x: type = derived, expr = ", report, StringComparison.Ordinal);
        Assert.Contains("    x = (\"b\" + \"c\") over 1h, 1d; no state\n", report, StringComparison.Ordinal);
    }

    [Fact]
    public void Report_shows_priors() =>
        Assert.Contains(
            "r = (b + 1) / (b:1d + 0.5) over 1h, 1d; no state",
            PlanReport.Of(Smoothed, DefinitionsCatalog.Assign(Smoothed, null, 5)).ToText(),
            StringComparison.Ordinal);

    private static DefinitionsModel Smoothed { get; } = Samples.Bind(Samples.Group(
        "r { type = ratio, numerator = b, denominator = \"b:1d\", prior = 1, prior-weight = 0.5 }\n" + Counts));

    private static GroupPlan Group(string features) => Samples.Compile(Samples.Group(features)).Entities[0].Groups[0];
}

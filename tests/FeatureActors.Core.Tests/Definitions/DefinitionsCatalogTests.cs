using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;

namespace FeatureActors.Core.Tests.Definitions;

public sealed class DefinitionsCatalogTests
{
    private const long AppliedAtMs = 1_000_000_000_000;
    private const long HourMs = 3_600_000;

    [Fact]
    public void First_version_numbers_features_and_columns_from_one_and_groups_from_zero()
    {
        DefinitionsAssignment assignment = Apply(Samples.Contract, null);
        DefinitionsSnapshot snapshot = assignment.Snapshot;
        Assert.Equal((1, true, false, false), (snapshot.Version, assignment.HasChanges, assignment.NeedsAcceptReset, assignment.IsRefused));
        Assert.Equal([1, 2, 3, 4, 5, 6], Numbers(snapshot, NumberKind.Feature));
        Assert.Equal([1, 2, 3, 4], Numbers(snapshot, NumberKind.Column).Order());
        Assert.Equal([0], Numbers(snapshot, NumberKind.Group));
        Assert.All(assignment.Changes, c => Assert.Equal(DefinitionsChangeKind.Added, c.Change));
    }

    [Fact]
    public void Same_definitions_again_change_nothing()
    {
        DefinitionsSnapshot first = Apply(Samples.Contract, null).Snapshot;
        DefinitionsAssignment again = Apply(Samples.Contract.Replace("1d, 7d]", "24h, 168h]", StringComparison.Ordinal), first);
        Assert.False(again.HasChanges);
        Assert.Same(first, again.Snapshot);
        Assert.All(again.Changes, c => Assert.Equal(DefinitionsChangeKind.Unchanged, c.Change));
    }

    [Theory]
    [InlineData("type = count, where = \"n = 1\", windows = [1h]", "type = count, where = \"n = 2\", windows = [1h]", "where")]
    [InlineData("type = sum, of = n, windows = [1h]", "type = sum, of = v, windows = [1h]", "settings")]
    [InlineData("type = sum, of = n, windows = [1h]", "type = avg, of = n, windows = [1h]", "type")]
    [InlineData("type = last, of = n, n = 2, windows = [1h]", "type = last, of = n, n = 3, windows = [1h]", "settings")]
    [InlineData("type = count, windows = [1h]", "type = count, windows = [{ size = 1h, slot = 5m }]", "slot")]
    [InlineData("type = count, windows = [1d]", "type = count, windows = [1d, 1h]", "slot")]
    public void Changed_shape_gives_a_new_number_and_needs_acceptance(string before, string after, string part)
    {
        DefinitionsSnapshot first = Apply(Feature(before), null).Snapshot;
        DefinitionsAssignment second = Apply(Feature(after), first, AppliedAtMs);
        DefinitionsChange change = Assert.Single(second.Changes, c => c.Change == DefinitionsChangeKind.Reset);
        Assert.True(second.NeedsAcceptReset);
        Assert.Equal(("g.a", 2), (change.Name, change.Number));
        Assert.Contains($"was 1; {part}", change.Detail, StringComparison.Ordinal);
        Assert.Equal([(1, false), (2, true)], Features(second.Snapshot));
    }

    [Theory]
    [InlineData("type = count, where = \"n=1\", windows = [1h]", "type = count, where = \"((n) = 1)\", windows = [60m]")]
    [InlineData("type = top-k, key = id, windows = [1h]", "type = top-k, key = id, k = 10, by = count, max-keys = 10000, windows = [1h]")]
    [InlineData("type = count, windows = [1h]", "type = count, windows = [{ size = 1h, name = hour }]")]
    public void Another_spelling_of_the_same_state_keeps_the_number(string before, string after)
    {
        DefinitionsSnapshot first = Apply(Feature(before), null).Snapshot;
        DefinitionsAssignment second = Apply(Feature(after), first, AppliedAtMs);
        Assert.False(second.NeedsAcceptReset);
        Assert.Equal([(1, true)], Features(second.Snapshot));
    }

    [Fact]
    public void Longer_window_keeps_the_number_and_warms_up()
    {
        DefinitionsSnapshot first = Apply(Feature("type = count, windows = [1h]"), null).Snapshot;
        string text = Feature("type = count, windows = [1h, { size = 2h, slot = 1m }]");
        DefinitionsAssignment second = Apply(text, first, AppliedAtMs);
        Assert.Equal(
            (DefinitionsChangeKind.WindowWarming, "2h"),
            second.Changes.Where(c => c.Name == "g.a").Select(c => (c.Change, c.Detail)).Single());

        IReadOnlyList<FieldPlan> fields = PlanCompiler.Compile(Samples.Bind(text), second.Snapshot).Entities[0].Groups[0].Fields;
        Assert.Equal(long.MinValue, fields[0].WarmAtMs);
        Assert.Equal(AppliedAtMs + (2 * HourMs) + 60_000, fields[1].WarmAtMs);
    }

    [Fact]
    public void Shorter_window_over_slots_that_were_fine_enough_is_full_at_once()
    {
        DefinitionsSnapshot first = Apply(Feature("type = count, windows = [{ size = 2h, slot = 1m }]"), null).Snapshot;
        string text = Feature("type = count, windows = [1h, { size = 2h, slot = 1m }]");
        DefinitionsAssignment second = Apply(text, first, AppliedAtMs);
        Assert.Equal((DefinitionsChangeKind.WindowAdded, "1h"), second.Changes.Where(c => c.Name == "g.a").Select(c => (c.Change, c.Detail)).Single());
        Assert.All(
            PlanCompiler.Compile(Samples.Bind(text), second.Snapshot).Entities[0].Groups[0].Fields,
            f => Assert.Equal(long.MinValue, f.WarmAtMs));
    }

    [Fact]
    public void Shorter_window_over_slots_that_were_folded_coarser_warms_up()
    {
        // Behind the first hour the day's data stand in slots of 15 minutes, which 6h windows of one minute cannot cut.
        DefinitionsSnapshot first = Apply(Feature("type = count, windows = [1h, 1d]"), null).Snapshot;
        DefinitionsAssignment second = Apply(Feature("type = count, windows = [1h, 1d, { size = 6h, slot = 1m }]"), first, AppliedAtMs);
        Assert.Equal(
            (DefinitionsChangeKind.WindowWarming, "6h"),
            second.Changes.Where(c => c.Name == "g.a").Select(c => (c.Change, c.Detail)).Single());
    }

    [Fact]
    public void Window_that_warms_goes_on_warming_over_later_versions()
    {
        DefinitionsSnapshot first = Apply(Feature("type = count, windows = [1h]"), null).Snapshot;
        string text = Feature("type = count, windows = [1h, { size = 2h, slot = 1m }]");
        DefinitionsSnapshot second = Apply(text, first, AppliedAtMs).Snapshot;
        DefinitionsSnapshot third = Apply(text + "\nclock = event", second, AppliedAtMs + 1000).Snapshot;
        Assert.Equal(3, third.Version);
        Assert.Equal(
            AppliedAtMs + (2 * HourMs) + 60_000,
            PlanCompiler.Compile(Samples.Bind(text), third).Entities[0].Groups[0].Fields[1].WarmAtMs);
    }

    [Fact]
    public void Removed_feature_that_comes_back_gets_a_new_number()
    {
        string both = Samples.Group("a { type = count, windows = [1h] }\nb { type = sum, of = v, windows = [1h] }");
        string one = Samples.Group("a { type = count, windows = [1h] }");
        DefinitionsSnapshot first = Apply(both, null).Snapshot;
        DefinitionsAssignment second = Apply(one, first, AppliedAtMs);
        Assert.Equal("g.b", Assert.Single(second.Changes, c => c.Change == DefinitionsChangeKind.Removed).Name);
        Assert.Contains(second.Snapshot.Numbers, n => n is { Kind: NumberKind.Column, IsLive: false, Name: "s.v" });

        DefinitionsAssignment third = Apply(both, second.Snapshot, AppliedAtMs + 1);
        Assert.Equal([(1, true), (2, false), (3, true)], Features(third.Snapshot));
        Assert.Equal([1], Numbers(third.Snapshot, NumberKind.Column));
        Assert.Equal([0], Numbers(third.Snapshot, NumberKind.Group));
    }

    [Fact]
    public void Column_of_another_type_is_another_column()
    {
        string text = Feature("type = last, of = n, windows = [1h]");
        DefinitionsSnapshot first = Apply(text, null).Snapshot;
        DefinitionsSnapshot second = Apply(text.Replace("n = long", "n = double", StringComparison.Ordinal), first, AppliedAtMs).Snapshot;
        Assert.Equal(
            [(1, "long", false), (2, "double", true)],
            second.Numbers.Where(n => n.Kind == NumberKind.Column).Select(n => (n.Number, n.Shape, n.IsLive)));
    }

    [Fact]
    public void Changed_shard_count_is_refused()
    {
        string text = Feature("type = count, windows = [1h]");
        DefinitionsSnapshot first = Apply(text, null).Snapshot;
        DefinitionsAssignment second = Apply(text + "\nentities.e.shards = 32", first, AppliedAtMs);
        Assert.True(second.IsRefused);
        Assert.Contains("define a new entity", Assert.Single(second.Changes, c => c.Change == DefinitionsChangeKind.Refused).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Order_of_features_and_sources_does_not_move_numbers()
    {
        string ab = Samples.Group("a { type = count, windows = [1h] }\nb { type = sum, of = v, windows = [1h] }");
        string ba = Samples.Group("b { type = sum, of = v, windows = [1h] }\na { type = count, windows = [1h] }");
        DefinitionsSnapshot first = Apply(ab, null).Snapshot;
        DefinitionsAssignment second = Apply(ba, first, AppliedAtMs);
        Assert.All(second.Changes, c => Assert.Equal(DefinitionsChangeKind.Unchanged, c.Change));
        Assert.Equal(first.Numbers, second.Snapshot.Numbers);
    }

    private static string Feature(string settings) => Samples.Group($"a {{ {settings} }}");

    private static DefinitionsAssignment Apply(string text, DefinitionsSnapshot? previous, long nowMs = AppliedAtMs - 1) =>
        DefinitionsCatalog.Assign(Samples.Bind(text), previous, nowMs);

    private static IEnumerable<int> Numbers(DefinitionsSnapshot snapshot, NumberKind kind) =>
        snapshot.Numbers.Where(n => n.Kind == kind && n.IsLive).Select(n => n.Number);

    private static IEnumerable<(int, bool)> Features(DefinitionsSnapshot snapshot) =>
        snapshot.Numbers.Where(n => n.Kind == NumberKind.Feature).Select(n => (n.Number, n.IsLive));
}

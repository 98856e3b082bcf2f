using FeatureActors.Core.Definitions;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Tests.Definitions;

public sealed class WindowDefinitionTests
{
    [Theory]
    [InlineData("{ tumbling = 60m }", "tumbling-1h", "tumbling 1h")]
    [InlineData("{ tumbling = 1h, back = 2 }", "tumbling-1h@2", "tumbling 1h@2")]
    [InlineData("{ tumbling = day }", "tumbling-day", "tumbling day UTC")]
    [InlineData("{ tumbling = month, zone = Asia/Kolkata, back = 1 }", "tumbling-month@1", "tumbling month Asia/Kolkata@1")]
    [InlineData("{ tumbling = 1d, zone = Europe/Paris }", "tumbling-1d", "tumbling day Europe/Paris")]
    [InlineData("{ tumbling = 7d, zone = Europe/Paris, back = 3 }", "tumbling-7d@3", "tumbling week Europe/Paris@3")]
    [InlineData("{ tumbling = 1d }", "tumbling-1d", "tumbling 1d")]
    [InlineData("{ tumbling = week, name = w }", "w", "tumbling week UTC")]
    [InlineData("{ size = 1d, name = \"w@2\" }", "w@2", "1d/15m")]
    public void Window_has_the_name_and_the_meaning_of_its_settings(string written, string name, string text)
    {
        FeatureWindow window = Assert.Single(Windows($"a {{ type = count, windows = [{written}] }}"));
        Assert.Equal((name, text), (window.Name, window.Text));
    }

    [Theory]
    [InlineData("{ size = 1d, series = 3 }", "1d 1d@1d 1d@2d", "1d/15m 1d/15m@1d 1d/15m@2d")]
    [InlineData("{ size = 1h, slot = 5m, series = 2, name = h }", "h h@1", "1h/5m 1h/5m@1h")]
    [InlineData("{ tumbling = month, series = 3 }", "tumbling-month tumbling-month@1 tumbling-month@2", "tumbling month UTC tumbling month UTC@1 tumbling month UTC@2")]
    [InlineData("{ tumbling = 1d, zone = UTC, series = 2 }", "tumbling-1d tumbling-1d@1", "tumbling day UTC tumbling day UTC@1")]
    public void Series_stands_for_several_windows(string written, string names, string texts)
    {
        IReadOnlyList<FeatureWindow> windows = Windows($"a {{ type = count, windows = [{written}] }}");
        Assert.Equal(names, string.Join(' ', windows.Select(static w => w.Name)));
        Assert.Equal(texts, string.Join(' ', windows.Select(static w => w.Text)));
    }

    [Fact]
    public void Named_windows_are_found_by_every_feature_and_by_ratios()
    {
        const string named = "windows { short = 1h, before { size = 7d, offset = 7d }, months { tumbling = month, series = 2 } }\n";
        const string features = "a { type = count, windows = [short, before, months, 1d] }\nr { type = ratio, numerator = a, denominator = a, windows = [months, 1d] }";
        DefinitionsModel model = Samples.Bind(named + Samples.Group(features));
        Assert.Equal(["short", "before", "months", "months@1", "1d"], model.Groups[0].Features[0].Windows.Select(static w => w.Name));
        Assert.Equal(["months", "months@1", "1d"], model.Groups[0].Ratios[0].WindowNames);
    }

    [Theory]
    [InlineData("windows { short = 1h }", "shrt", "'shrt' is no window", "did you mean 'short'?")]
    [InlineData("windows { short { size = 1h, name = x } }", "short", "the window is called 'short' already", "remove 'name'")]
    [InlineData("windows { lifetime = 1h }", "1h", "'lifetime' already means a window", "another name")]
    [InlineData("windows { short = 1x }", "short", "'1x' is no window", "")]
    [InlineData("windows { \"a b\" = 1h }", "1h", "'a b' is no name for a window", "")]
    public void Mistake_in_a_named_window_is_shown_once(string named, string used, string message, string hint)
    {
        string mistake = Assert.Single(Samples.Mistakes(named + "\n" + Samples.Group($"a {{ type = count, windows = [{used}] }}")));
        Assert.Contains(message, mistake, StringComparison.Ordinal);
        Assert.Contains(hint, mistake, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1h, 7d", "1m")]
    [InlineData("{ size = 20s, slot = 2s }, { size = 60s, slot = 3s }", "1s")]
    [InlineData("lifetime", "lifetime")]
    [InlineData("lifetime, 1h", "1m")]
    [InlineData("{ tumbling = 1h }", "1h")]
    [InlineData("{ tumbling = 1h }, 7d", "1h")]
    [InlineData("1h, { tumbling = day, zone = Asia/Kolkata }", "1m")]
    [InlineData("7d, { tumbling = day, zone = Asia/Kolkata }", "1h+day Asia/Kolkata")]
    [InlineData("{ tumbling = month, zone = Asia/Kolkata }, { tumbling = day, zone = Asia/Kolkata }", "day Asia/Kolkata")]
    [InlineData("{ tumbling = month }, { tumbling = week }", "month UTC+week UTC")]
    [InlineData("{ tumbling = day }, lifetime", "day UTC")]
    public void Shape_of_a_feature_says_how_its_finest_slots_are_cut(string windows, string slot)
    {
        DefinitionsModel model = Samples.Bind(Samples.Group($"a {{ type = count, windows = [{windows}] }}", "idle-expiry = never"));
        string shape = DefinitionsCatalog.Unapplied(model).Numbers.Single(static n => n.Name == "g.a").Shape;
        Assert.EndsWith($"\"slot\":\"{slot}\"}}", shape, StringComparison.Ordinal);
    }

    [Fact]
    public void Shape_of_a_feature_with_sliding_windows_is_what_it_always_was()
    {
        DefinitionsModel model = Samples.Bind(Samples.Group("a { type = sum, of = v, where = \"n > 1\", windows = [1h, 1d, lifetime] }", "idle-expiry = never"));
        string shape = DefinitionsCatalog.Unapplied(model).Numbers.Single(static n => n.Name == "g.a").Shape;
        Assert.Equal(
            """{"type":"sum","settings":{"of":"v:double"},"where":"(\"n\" > 1)","entity":"e(string)","from":["s(id) at ts ms where TRUE"],"slot":"1m"}""",
            shape);
    }

    [Fact]
    public void New_tumbling_window_warms_until_a_period_that_began_since_is_in_it_and_one_that_slots_cover_is_full()
    {
        long now = 10 * 86_400_000L + 1;
        DefinitionsAssignment first = DefinitionsCatalog.Assign(Samples.Bind(Samples.Group("a { type = count, windows = [7d] }")), null, now);
        DefinitionsModel second = Samples.Bind(Samples.Group(
            "a { type = count, windows = [7d, { tumbling = 6h }, { tumbling = 30d }, { tumbling = month, back = 1 }] }"));
        DefinitionsAssignment changed = DefinitionsCatalog.Assign(second, first.Snapshot, now);
        Assert.Contains(changed.Changes, c => c is { Change: DefinitionsChangeKind.WindowAdded, Detail: "tumbling-6h" });
        Assert.Contains(changed.Changes, c => c is { Change: DefinitionsChangeKind.WindowWarming, Detail: "tumbling-30d, tumbling-month@1" });
        IReadOnlyList<FieldPlan> fields = PlanCompiler.Compile(second, changed.Snapshot).Entities[0].Groups[0].Fields;
        Assert.Equal(
            [long.MinValue, long.MinValue, 30 * 86_400_000L, (31 + 28) * 86_400_000L], fields.Select(static f => f.WarmAtMs));
    }

    private static IReadOnlyList<FeatureWindow> Windows(string feature) => Samples.Bind(Samples.Group(feature)).Groups[0].Features[0].Windows;
}

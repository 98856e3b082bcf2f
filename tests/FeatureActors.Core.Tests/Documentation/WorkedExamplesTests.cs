using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Tests.Documentation;

/// <summary>Every number in the worked examples of the pages is what the engine says.</summary>
public sealed class WorkedExamplesTests
{
    private static readonly Dictionary<string, WorkedExample> Examples =
        Pages().SelectMany(static p => WorkedExample.In(p.Name, p.Text)).ToDictionary(static e => e.Place);

    public static TheoryData<string> Places => [.. Examples.Keys];

    [Theory]
    [MemberData(nameof(Places))]
    public void A_worked_example_gives_the_values_that_the_page_states(string place) => Examples[place].Check();

    [Fact]
    public void Every_type_and_every_kind_of_window_has_a_worked_example()
    {
        string[] types = [.. Examples.Values.SelectMany(static e => e.Types)];
        Assert.Empty(new FeatureTypeRegistry(BuiltInFeatureTypes.All).Names.Except(types));
        string[] windows = [.. Examples.Values.SelectMany(static e => e.WindowKinds)];
        string[] kinds = [.. Enum.GetNames<WindowKind>(), "offset", "day", "week", "month"];
        Assert.Empty(kinds.Except(windows));
    }

    [Fact]
    public void An_example_that_states_a_wrong_value_is_noticed()
    {
        const string text = "```example\nfeatures { n { type = count, windows = [1h] } }\ntime | x:long\n10:00 | 1\nat 10:01 n:1h = 2\n```";
        WorkedExample example = Assert.Single(WorkedExample.In("page", text));
        Exception error = Assert.ThrowsAny<Exception>(example.Check);
        Assert.Contains("the page says 2, the engine 1", error.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<(string Name, string Text)> Pages() =>
        Repository.Files("docs", ".md").Select(static f => (Path.GetFileName(f), Repository.Read(f)));
}

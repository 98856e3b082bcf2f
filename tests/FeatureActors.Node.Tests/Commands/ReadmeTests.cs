using System.Text.RegularExpressions;
using FeatureActors.Node.Options;

namespace FeatureActors.Node.Tests.Commands;

/// <summary>What a newcomer types first.</summary>
public sealed class ReadmeTests : IDisposable
{
    private readonly Fa _fa = new();

    public void Dispose() => _fa.Dispose();

    [Fact]
    public async Task Your_own_events_of_the_readme_give_what_it_shows()
    {
        string[] hocon = BlocksOf("hocon");
        string[] jsonl = BlocksOf("jsonl");
        string command = BlocksOf("").Single(b => b.StartsWith("./fa batch ", StringComparison.Ordinal));
        _fa.Write("mine/shop.conf", hocon[0]);
        _fa.Write("mine/purchases.jsonl", jsonl[0]);
        _fa.Write("mine/replay.conf", hocon[1]);
        string config = _fa.Write("mine/node.conf", hocon[2]);
        string[] args = [.. command.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1..]
            .Select(word => word.StartsWith("mine/", StringComparison.Ordinal) ? _fa.Path(word) : word)];

        Assert.Equal(0, await _fa.RunAsync(args));
        Assert.Equal(jsonl[1], _fa.Out);
        Assert.Equal(0, await _fa.RunAsync("plan", "--definitions", _fa.Path("mine/shop.conf")));

        NodeOptions node = NodeOptionsBinder.Load(config);
        Assert.Equal(0, await _fa.RunAsync("plan", "--definitions", node.Definitions!, "--config", config));
        Assert.Contains("clock event", _fa.Out, StringComparison.Ordinal);
    }

    private static string[] BlocksOf(string language) =>
        [.. Regex.Matches(Repository.Read("README.md"), @"^```(\w*)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)
            .Where(m => m.Groups[1].Value == language)
            .Select(static m => m.Groups[2].Value)];
}

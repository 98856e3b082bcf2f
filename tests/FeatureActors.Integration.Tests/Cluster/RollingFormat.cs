using System.Globalization;
using FeatureActors.Integration.Tests.Live;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>
/// The steps from one stored format to the next and back, with what each must show. Nodes of this release read and write format 1; those of
/// the next, the test build, read 1 and 2 and write what they are told (docs/adr/0007).
/// </summary>
internal sealed class RollingFormat(ChaosCluster cluster, StoredFormats formats, Func<string, LiveNode> newNode, Action<FormattableString> say)
{
    private const int Old = 1;
    private const int New = 2;
    private const int FailedCode = 1;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    private readonly LiveNode[] _nodes = [.. cluster.Running];

    /// <summary>Takes all steps once, then rolls forth and back, killing nodes in between, for as long as is left.</summary>
    public async Task RunAsync(TimeSpan duration, Random random)
    {
        long start = TimeProvider.System.GetTimestamp();
        await ReaderFirstAsync();
        await WriterTooEarlyAsync();
        await ThisReleaseStaysAwayAsync();
        await WriterAsync();
        await BackAsync();
        int rounds = 0;
        for (; TimeProvider.System.GetElapsedTime(start) < duration; rounds++)
        {
            foreach (int format in (int[])[New, Old])
            {
                await cluster.KillAsync(_nodes[random.Next(_nodes.Length)], TimeSpan.FromMilliseconds(random.Next(1_000)));
                foreach (LiveNode node in _nodes)
                {
                    await RollAsync(node, NodeBuild.FormatPreview, format);
                }
            }
        }

        IReadOnlyDictionary<int, long> entities = await formats.EntitiesAsync();
        IReadOnlyDictionary<int, long> batches = await formats.BatchesAsync();
        say($"{rounds} rounds forth and back; in the end {Text(entities)} entities and {Text(batches)} batches");
        Assert.True(batches.GetValueOrDefault(New) > 0 && batches.GetValueOrDefault(Old) > 0, $"batches of both formats lie in the logs: {Text(batches)}");
    }

    /// <summary>Step 1: the release that reads the new format, and writes the old; until all have it, each node can go back, as one does.</summary>
    private async Task ReaderFirstAsync()
    {
        await RollAsync(_nodes[0], NodeBuild.FormatPreview, Old);
        (long _, long loaded) = await ReadsAsync(_nodes[0], Old);
        await RollAsync(_nodes[1], NodeBuild.FormatPreview, Old);
        await RollAsync(_nodes[0], NodeBuild.Own, Old);
        IReadOnlyDictionary<int, long> entities = await formats.EntitiesAsync();
        IReadOnlyDictionary<int, long> batches = await formats.BatchesAsync();
        say($"reader first: the next release read {loaded} entities of this one; stored are {Text(entities)} entities and {Text(batches)} batches");
        Assert.Equal(0, entities.GetValueOrDefault(New) + batches.GetValueOrDefault(New));
    }

    /// <summary>Against the rule: one node writes the new format while two do not read it. Shards of those stand still until they are others'.</summary>
    private async Task WriterTooEarlyAsync()
    {
        await RollAsync(_nodes[1], NodeBuild.FormatPreview, New);
        await Eventually.NothingDiffersAsync(
            "this release says that it does not read the new format", Patience,
            () => Task.FromResult(RefusalsOf(_nodes[0]) > 0 && RefusalsOf(_nodes[2]) > 0 ? null : cluster.Tails()), TimeSpan.FromMilliseconds(200));
        await cluster.SettleAsync("the other shards go on");
        say($"writer too early: {RefusalsOf(_nodes[0]) + RefusalsOf(_nodes[2])} shards of this release stand still and say why");
    }

    /// <summary>Once the new format is written, a node that does not read it does not start.</summary>
    private async Task ThisReleaseStaysAwayAsync()
    {
        await using LiveNode stranger = newNode("node-of-before");
        await stranger.StartAsync();
        await Eventually.HoldsAsync("this release ends by itself", Patience, () => !stranger.IsRunning, stranger.Tail);
        Assert.True(
            stranger.ExitCode == FailedCode && stranger.Output.Contains("they write format 2 into logs and states, this release reads up to 1", StringComparison.Ordinal),
            $"it ended with {stranger.ExitCode}: {stranger.Tail()}");
        await cluster.SettleAsync("nobody missed it");
        say($"this release does not start any more: {stranger.Tail().Trim().Split('\n')[^1]}");
    }

    /// <summary>Step 2, one node behind: both settings of the next release read each other, and what stood still goes on.</summary>
    private async Task WriterAsync()
    {
        await RollAsync(_nodes[0], NodeBuild.FormatPreview, Old);
        await RollAsync(_nodes[2], NodeBuild.FormatPreview, New);
        (long batches, long loaded) = await ReadsAsync(_nodes[2], New);
        IReadOnlyDictionary<int, long> storedEntities = await formats.EntitiesAsync();
        IReadOnlyDictionary<int, long> storedBatches = await formats.BatchesAsync();
        say($"writer: stored are {Text(storedEntities)} entities and {Text(storedBatches)} batches; {_nodes[2].Name} read {batches} batches and {loaded} entities of format 2");
        Assert.True(storedEntities.GetValueOrDefault(New) > 0, $"entities are stored in format 2: {Text(storedEntities)}");
        Assert.True(storedBatches.GetValueOrDefault(New) > 0, $"batches are written in format 2: {Text(storedBatches)}");
    }

    /// <summary>Back: a node that reads the new format writes the old one again, with the others' new one around it.</summary>
    private async Task BackAsync()
    {
        await RollAsync(_nodes[1], NodeBuild.FormatPreview, Old);
        (long batches, long loaded) = await ReadsAsync(_nodes[1], New);
        say($"back: {_nodes[1].Name}, which writes format 1 again, read {batches} batches and {loaded} entities of format 2");
    }

    private async Task RollAsync(LiveNode node, NodeBuild build, int format)
    {
        node.Build = build;
        node.Configure(string.Create(CultureInfo.InvariantCulture, $"fa.write-format = {format}"));
        await node.StopAsync();
        await node.StartAsync();
        await Eventually.NothingDiffersAsync(
            $"{node.Name} runs shards again", Patience,
            async () => await formats.RunsShardsAsync(node) ? null : cluster.Tails(), TimeSpan.FromMilliseconds(200));
        await cluster.SettleAsync($"{node.Name} is back");
    }

    /// <summary>What a node has read of a format, once that is something of both kinds.</summary>
    private async Task<(long Batches, long Entities)> ReadsAsync(LiveNode node, int format)
    {
        (long Batches, long Entities) read = default;
        await Eventually.NothingDiffersAsync(
            $"{node.Name} reads batches and entities of format {format}", Patience,
            async () =>
            {
                read = await formats.ReadByAsync(node, format);
                return read is { Batches: > 0, Entities: > 0 } ? null : $"it read {read.Batches} batches and {read.Entities} entities\n{node.Tail()}";
            },
            TimeSpan.FromMilliseconds(200));
        return read;
    }

    private static int RefusalsOf(LiveNode node) => node.Output.Split('\n').Count(static l =>
        l.Contains("stands still in state Faulted", StringComparison.Ordinal) && l.Contains("has format 2, this release reads only 1: run the newer release", StringComparison.Ordinal));

    private static string Text(IReadOnlyDictionary<int, long> counts) =>
        string.Join(" and ", counts.OrderBy(static c => c.Key).Select(static c => string.Create(CultureInfo.InvariantCulture, $"{c.Value} format-{c.Key}")));
}

using System.Globalization;

namespace FeatureActors.Integration.Tests.Live;

/// <summary>At which moment of its work a node is killed.</summary>
internal enum KillMoment
{
    /// <summary>Wherever it is.</summary>
    Anywhere,

    /// <summary>A checkpoint was just committed; what it holds may not be published yet.</summary>
    BehindCheckpoint,

    /// <summary>A shard log was just written to; the position of ingest is not saved yet.</summary>
    MidProduce,

    /// <summary>The restarted node just raised a fence; nothing is loaded or published yet.</summary>
    BehindFence,
}

/// <summary>Kills of a run: shares of the replay, seeded, each with a moment. All moments occur.</summary>
internal sealed class KillPlan
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    private KillPlan(int seed, IReadOnlyList<(double Share, KillMoment Moment)> kills)
    {
        Seed = seed;
        Kills = kills;
    }

    public int Seed { get; }

    public IReadOnlyList<(double Share, KillMoment Moment)> Kills { get; }

    /// <summary>Kills in CI, or as many as <c>FA_KILLS</c> says for the full run.</summary>
    public static int Count { get; } = NumberOf("FA_KILLS", 5);

    public static KillPlan Create()
    {
        int seed = NumberOf("FA_SEED", Environment.TickCount & 0xFFFFFF);
        var random = new Random(seed);
        KillMoment[] moments = [.. Enumerable.Range(0, Count).Select(static i => (KillMoment)(i % 4))];
        random.Shuffle(moments);

        // One kill in each equal part of the replay, so that a restart comes to work before the next.
        double part = 0.9 / Count;
        return new KillPlan(seed, [.. moments.Select((m, i) => (0.05 + ((i + (0.5 * random.NextDouble())) * part), m))]);
    }

    public override string ToString() =>
        $"FA_SEED={Seed}: {string.Join(", ", Kills.Select(static k => string.Create(CultureInfo.InvariantCulture, $"{k.Moment} at {k.Share:P1}")))}";

    /// <summary>Kills the node at <paramref name="moment"/> and starts it again.</summary>
    /// <param name="node">A running node.</param>
    /// <param name="redis">Where it publishes.</param>
    /// <param name="stateFolder">Its data directory.</param>
    /// <param name="logFiles">The files of its shard logs.</param>
    /// <param name="moment">When.</param>
    public static async Task KillAndRestartAsync(LiveNode node, LiveRedis redis, string stateFolder, Func<IEnumerable<string>> logFiles, KillMoment moment)
    {
        switch (moment)
        {
            case KillMoment.BehindCheckpoint:
                await FilesChangeAsync("checkpoints", () => Directory.EnumerateFiles(stateFolder, "state-*"), node);
                break;
            case KillMoment.MidProduce:
                await FilesChangeAsync("shard logs", logFiles, node);
                break;
            case KillMoment.BehindFence:
                (_, _, long epochs) = await redis.ProgressAsync();
                await node.KillAsync();
                await node.StartAsync();
                await Eventually.NothingDiffersAsync(
                    "a restarted node raises a fence", Patience,
                    async () => (await redis.ProgressAsync()).Epochs > epochs ? null : $"no epoch rose; the node says: {node.Tail()}",
                    TimeSpan.FromMilliseconds(1));
                break;
            default:
                break;
        }

        await node.KillAsync();
        await node.StartAsync();
    }

    private static Task FilesChangeAsync(string what, Func<IEnumerable<string>> files, LiveNode node)
    {
        long before = Mark(files);
        return Eventually.HoldsAsync(
            $"the files of {what} change", Patience, () => Mark(files) != before, () => $"nothing is written; the node says: {node.Tail()}");
    }

    private static long Mark(Func<IEnumerable<string>> files)
    {
        long mark = 0;
        foreach (string file in files())
        {
            var info = new FileInfo(file);
            mark = unchecked((mark * 31) + (info.Exists ? info.Length + info.LastWriteTimeUtc.Ticks : 0));
        }

        return mark;
    }

    public static int NumberOf(string variable, int fallback) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : fallback;
}

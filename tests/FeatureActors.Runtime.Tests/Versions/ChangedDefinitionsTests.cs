using System.Globalization;
using System.Text;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Runtime.Tests.Versions;

/// <summary>
/// Definitions that change while events are under way, over nodes killed at any call of a port. The oracle is written from the words of the
/// design: a feature counts exactly the events at or behind the offset at which the version that brought it takes effect, each once.
/// </summary>
public sealed class ChangedDefinitionsTests
{
    private const string Source = """
        namespace = shop
        clock = wall
        entities.user { key = [string], shards = 2 }
        """;

    private const string Triggers = "triggers = [{ on = update, coalesce = 10ms }]";

    /// <summary>A column, a group in front (so that routes get other ordinals), features that come, go and come back.</summary>
    private static readonly string[] Versions =
    [
        Source + $$"""

          sources.clicks { format = json, event-id = id, event-time { field = ts, unit = ms }, fields { id = string, user = string, friend = string, v = long, ts = long } }
          groups.a { entity = user, source = clicks, key = user, features { n { type = count, windows = [1h] }, s { type = sum, of = v, windows = [1h] } }, {{Triggers}} }
          """,
        Source + $$"""

          sources.clicks { format = json, event-id = id, event-time { field = ts, unit = ms }, fields { w = long, id = string, user = string, friend = string, v = long, ts = long } }
          groups.z { entity = user, source = clicks, key = friend, features { n { type = count, windows = [1h] } }, {{Triggers}} }
          groups.a { entity = user, source = clicks, key = user, features { n { type = count, windows = [1h] }, w { type = sum, of = w, windows = [1h] } }, {{Triggers}} }
          """,
        Source + $$"""

          sources.clicks { format = json, event-id = id, event-time { field = ts, unit = ms }, fields { w = long, id = string, user = string, friend = string, v = long, ts = long } }
          groups.z { entity = user, source = clicks, key = friend, features { n { type = count, windows = [1h] } }, {{Triggers}} }
          groups.b { entity = user, source = clicks, key = user, where = "v > 5", features { n { type = count, windows = [1h] }, big { type = count, where = "w > 3", windows = [1h] } }, {{Triggers}} }
          groups.a { entity = user, source = clicks, key = user, features { n { type = count, windows = [1h] }, w { type = sum, of = w, windows = [1h] }, s { type = sum, of = v, windows = [1h] } }, {{Triggers}} }
          """,
    ];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Every_feature_counts_exactly_what_lies_behind_its_beginning(int seed)
    {
        var random = new Random(seed);
        var world = new VersionedWorld();
        var told = new List<Told>[VersionedWorld.Partitions];
        for (int p = 0; p < told.Length; p++)
        {
            told[p] = [];
        }

        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        int last = random.Next(1, Versions.Length);
        var zombies = new List<VersionedWorld.Node>();
        for (int version = 0; version <= last; version++)
        {
            for (int life = random.Next(1, 4); life > 0; life--)
            {
                Tell(world, told, random, now);
                VersionedWorld.Node node = world.NodeOf(world.Apply(Versions[version]), random.Next(1, 40), random.Next(2) == 0, random.Next(1, 12));
                node.Start();
                await node.KillAsync();
            }

            if (version < last && random.Next(2) == 0)
            {
                // It is thought dead and is not: it reads and appends on while the next version begins.
                VersionedWorld.Node zombie = world.NodeOf(world.Version, isShard: false, chunk: random.Next(1, 3));
                zombie.Start();
                zombies.Add(zombie);
                await zombie.UntilAsync("it reads", () => zombie.Status.Sources.Count(static s => s.State == IngestState.Running) == VersionedWorld.Partitions);
            }
        }

        Tell(world, told, random, now);
        VersionedWorld.Node alive = world.NodeOf(world.Apply(Versions[last]), chunk: random.Next(1, 12));
        alive.Start();
        await alive.UntilAsync($"seed {seed}: everything is read", () => IsRead(world, alive));
        Dictionary<string, string> expected = Expected(told, Beginnings(world, last), last);
        await alive.IsWithinAsync(() => Difference(world, expected).Length == 0);
        string difference = Difference(world, expected);
        Assert.True(difference.Length == 0, $"seed {seed}: {difference}; {string.Join(", ", world.Positions.Begun)}");
        await Task.WhenAll(zombies.Append(alive).Select(static n => n.StopAsync()));
    }

    public static TheoryData<int> Seeds { get; } = [.. Enumerable.Range(1, 40)];

    private static bool IsRead(VersionedWorld world, VersionedWorld.Node node) =>
        node.Status.Sources.Count == VersionedWorld.Partitions
        && node.Status.Sources.All(s => s.Counters.NextOffset == world.Events[s.Partition].Count);

    private static string Difference(VersionedWorld world, Dictionary<string, string> expected)
    {
        var text = new StringBuilder();
        foreach ((string place, string value) in expected)
        {
            string[] parts = place.Split(' ');
            string? found = world.Sink.TryRead($"fa:shop:{parts[0]}:{parts[1]}")?.GetValueOrDefault(parts[2] + ":1h");
            if ((found ?? "0") != value)
            {
                text.Append(CultureInfo.InvariantCulture, $"{place} is {found ?? "absent"}, not {value}; ");
            }
        }

        return text.ToString();
    }

    private static void Tell(VersionedWorld world, List<Told>[] told, Random random, long now)
    {
        for (int p = 0; p < told.Length; p++)
        {
            for (int i = random.Next(0, 40); i > 0; i--)
            {
                Told next = told[p].Count > 0 && random.Next(12) == 0
                    ? told[p][random.Next(told[p].Count)]
                    : new Told($"{p}-{told[p].Count}", random.Next(6), random.Next(6), random.Next(10), random.Next(10));
                told[p].Add(next);
                world.Events[p].Add(Encoding.UTF8.GetBytes(string.Create(
                    CultureInfo.InvariantCulture, $$"""{"id":"{{next.Id}}","user":"u{{next.User}}","friend":"u{{next.Friend}}","v":{{next.V}},"w":{{next.W}},"ts":{{now}}}""")));
            }
        }
    }

    /// <summary>For each version and partition the offset at which it takes effect: its own, or that of the next one that began there.</summary>
    private static long[][] Beginnings(VersionedWorld world, int last) =>
        [.. Enumerable.Range(1, last + 1).Select(version => Enumerable.Range(0, VersionedWorld.Partitions)
            .Select(p => world.Positions.Begun.Where(s => s.Partition == p && s.Version >= version).Select(static s => s.From).DefaultIfEmpty(world.Events[p].Count).Min())
            .ToArray())];

    private static Dictionary<string, string> Expected(List<Told>[] told, long[][] begins, int last)
    {
        var totals = new Dictionary<string, long>();
        for (int p = 0; p < told.Length; p++)
        {
            var seen = new HashSet<string>();
            for (int offset = 0; offset < told[p].Count; offset++)
            {
                Told e = told[p][offset];
                if (seen.Add("user " + e.Id))
                {
                    Count($"a u{e.User} n", 0, 1);
                    Count($"a u{e.User} s", last == 2 ? 2 : last == 0 ? 0 : 9, e.V);
                    Count($"a u{e.User} w", 1, e.W);
                    Count($"b u{e.User} n", 2, e.V > 5 ? 1 : 0);
                    Count($"b u{e.User} big", 2, e.V > 5 && e.W > 3 ? 1 : 0);
                }

                if (offset >= begins[Math.Min(1, last)][p] && seen.Add("friend " + e.Id))
                {
                    Count($"z u{e.Friend} n", 1, 1);
                }

                void Count(string place, int since, long by)
                {
                    if (since <= last)
                    {
                        totals[place] = totals.GetValueOrDefault(place) + (offset >= begins[since][p] ? by : 0);
                    }
                }
            }
        }

        return totals.ToDictionary(static t => t.Key, static t => t.Value.ToString(CultureInfo.InvariantCulture));
    }

    private sealed record Told(string Id, int User, int Friend, int V, int W);
}

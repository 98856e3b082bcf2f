using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Runtime.Tests.Versions;

/// <summary>Nodes that do not have the definitions which the next event or row needs: they wait and say for what; nothing is skipped.</summary>
public sealed class WaitingForDefinitionsTests
{
    private const string Head = """
        namespace = shop
        sources.clicks { format = json, event-time { field = ts, unit = ms }, fields { user = string, v = long, ts = long } }
        entities.user { key = [string], shards = 2 }

        """;

    private const string First = Head + """
        groups.a { entity = user, source = clicks, key = user, triggers = [{ on = update, coalesce = 10ms }], features { n { type = count, windows = [1h] } } }
        """;

    private const string Second = Head + """
        groups.a {
          entity = user, source = clicks, key = user, triggers = [{ on = update, coalesce = 10ms }]
          features { n { type = count, windows = [1h] }, v { type = sum, of = v, windows = [1h] } }
        }
        """;

    [Fact]
    public async Task Older_node_reads_no_partition_in_which_newer_definitions_are_in_force()
    {
        var world = new VersionedWorld();
        await RunAsync(world, First, 10);
        await world.BeginAsync(Second);
        await RunAsync(world, Second, 10);
        Tell(world, 10);

        VersionedWorld.Node older = world.NodeOf(1);
        older.Start();
        await older.UntilAsync("the older node waits", () => older.Status.Sources.Count == VersionedWorld.Partitions
            && older.Status.Sources.All(static s => s.State == IngestState.NewerDefinitions));

        Assert.All(older.Status.Sources, static s => Assert.Equal(
            $"source clicks partition {s.Partition} waits: version 2 of the definitions takes effect there at offset 10, this node has version 1; a node with the newer definitions goes on: start this one with them",
            s.Halt));
        await older.StopAsync();
        await RunAsync(world, Second, 0);
        AssertCounts(world, counted: 30, summed: 20);
    }

    [Fact]
    public async Task Shard_of_an_older_node_waits_before_the_first_row_of_newer_definitions()
    {
        var world = new VersionedWorld();
        await RunAsync(world, First, 10);
        await world.BeginAsync(Second);
        Tell(world, 10);
        VersionedWorld.Node newer = world.NodeOf(world.Apply(Second), isShard: false);
        newer.Start();
        await newer.UntilAsync("the rows are in the log", () => newer.Status.Sources.Count == VersionedWorld.Partitions
            && world.AreSaved);
        await newer.StopAsync();

        VersionedWorld.Node older = world.NodeOf(1);
        older.Start();
        await older.UntilAsync("a shard waits", () => older.Status.Shards.Any(static s => s.IsWaiting));
        Assert.All(older.Status.Shards.Where(static s => s.IsWaiting), static s => Assert.Contains(
            "the rows there were made by version 2 of the definitions, this node has version 1; a node with the newer definitions goes on", s.Halt!, StringComparison.Ordinal));
        await older.StopAsync();

        await RunAsync(world, Second, 0);
        AssertCounts(world, counted: 20, summed: 10);
    }

    [Fact]
    public async Task Partition_stands_still_while_the_definitions_that_route_its_next_events_cannot_be_compiled()
    {
        var world = new VersionedWorld();
        await RunAsync(world, First, 10);
        Tell(world, 10);
        await world.BeginAsync(Second);
        world.Lost.Add(1);

        VersionedWorld.Node without = world.NodeOf(world.Apply(Second));
        without.Start();
        await without.UntilAsync("the partitions stand still", () => without.Status.Sources.Count == VersionedWorld.Partitions
            && without.Status.Sources.All(static s => s.State == IngestState.OlderDefinitions));
        Assert.All(without.Status.Sources, static s => Assert.Equal(
            $"source clicks partition {s.Partition} stands still: could not compile version 1 of the definitions, which routes events of source clicks that were not read yet: its plug-in is gone",
            s.Halt));
        await without.StopAsync();
        Tell(world, 10);

        world.Lost.Clear();
        await RunAsync(world, Second, 0);
        AssertCounts(world, counted: 30, summed: 10);

        // Nothing is left that they route: they may go for good.
        world.Lost.Add(1);
        await RunAsync(world, Second, 10);
        AssertCounts(world, counted: 40, summed: 20);
    }

    [Fact]
    public async Task Three_versions_route_what_was_never_read_each_its_own_part()
    {
        const string Third = Head + """
            groups.a {
              entity = user, source = clicks, key = user, triggers = [{ on = update, coalesce = 10ms }]
              features { n { type = count, windows = [1h] }, v { type = sum, of = v, windows = [1h] }, m { type = count, windows = [1h], where = "v = 1" } }
            }
            """;
        var world = new VersionedWorld();
        await world.BeginAsync(First);
        Tell(world, 10);
        await world.BeginAsync(Second);
        Tell(world, 10);
        await world.BeginAsync(Third);
        await RunAsync(world, Third, 10);

        AssertCounts(world, counted: 30, summed: 20);
        Assert.Equal("10", world.Sink.TryRead("fa:shop:a:u0")!["m:1h"]);
        Assert.Equal([0, 10, 20], world.Positions.Begun.Where(static s => s.Partition == 0).Select(static s => s.From));
    }

    [Fact]
    public async Task New_lane_begins_with_the_definitions_of_its_node()
    {
        var world = new VersionedWorld();
        await RunAsync(world, First, 20);
        world.Forget();
        await RunAsync(world, Second, 10, before: 20, isNewLane: true);

        AssertCounts(world, counted: 30, summed: 10);
        Assert.Contains(new DefinitionsStart("clicks", 0, 1, 2, 0), world.Positions.Begun);
    }

    /// <summary>Tells events; then a node reads until all of them are counted, and stops.</summary>
    private static async Task RunAsync(VersionedWorld world, string definitions, int events, int before = 0, bool isNewLane = false)
    {
        Tell(world, events);
        VersionedWorld.Node node = world.NodeOf(world.Apply(definitions), isNewLane: isNewLane);
        node.Start();
        await node.UntilAsync("everything is counted", () => world.AreSaved && Enumerable.Range(0, VersionedWorld.Partitions).All(p =>
            world.Sink.TryRead($"fa:shop:a:u{p}")?.GetValueOrDefault("n:1h") == (before + world.Events[p].Count).ToString(CultureInfo.InvariantCulture)));
        await node.StopAsync();
    }

    /// <summary>So many events of user u0 in partition 0, and of u1 in partition 1.</summary>
    private static void Tell(VersionedWorld world, int count)
    {
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        for (int i = 0; i < count * VersionedWorld.Partitions; i++)
        {
            int p = i % VersionedWorld.Partitions;
            world.Events[p].Add(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"user":"u{{p}}","v":1,"ts":{{now}}}""")));
        }
    }

    private static void AssertCounts(VersionedWorld world, int counted, int summed)
    {
        for (int user = 0; user < VersionedWorld.Partitions; user++)
        {
            IReadOnlyDictionary<string, string> values = world.Sink.TryRead($"fa:shop:a:u{user}")!;
            Assert.Equal((counted, summed), (int.Parse(values["n:1h"], CultureInfo.InvariantCulture), int.Parse(values["v:1h"], CultureInfo.InvariantCulture)));
        }
    }
}

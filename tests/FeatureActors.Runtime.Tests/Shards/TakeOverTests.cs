using System.Text.Json.Nodes;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Runtime.Tests.Shards;

/// <summary>What a new owner makes of what a former one left behind.</summary>
public sealed class TakeOverTests
{
    [Fact]
    public void What_a_killed_owner_published_and_did_not_checkpoint_is_deleted_when_its_windows_are_over()
    {
        using ShardDriver shard = Group();
        shard.Tell("a");
        shard.Advance(200);
        Assert.Equal("1", shard.Read("a")!["n:1h"]);
        Assert.Equal(0, shard.Machine.Counters.Checkpoints);

        shard.Kill(ms: 2 * 3_600_000);

        Assert.Null(shard.Read("a"));
    }

    [Fact]
    public void What_a_killed_owner_published_is_published_again_with_what_came_since()
    {
        using ShardDriver shard = Group();
        shard.Tell("a");
        shard.Advance(200);
        shard.Kill(ms: 1_000);
        shard.Tell("a");
        shard.Advance(200);

        Assert.Equal("2", shard.Read("a")!["n:1h"]);
    }

    [Fact]
    public void Unchanged_entity_that_leaves_memory_and_comes_back_is_not_written_again()
    {
        using ShardDriver shard = Group();
        shard.Tell("a");
        shard.Advance(59 * 60_000);
        Assert.True(shard.Machine.Counters.Passivations > 0);

        Assert.Single(shard.Writes);
    }

    [Fact]
    public void Damaged_bytes_that_arrive_while_a_shard_is_given_away_end_it_at_once()
    {
        using ShardDriver shard = Group();
        shard.Tell("a");
        shard.Restart();
        shard.Tell("b");

        shard.ReadDamagedBytesWhileDraining("a");

        Assert.Equal(ShardState.Released, shard.Machine.State);
        Assert.Contains("damaged", shard.Said[^1], StringComparison.Ordinal);
    }

    private static ShardDriver Group() => new(ShardQuestionTests.Updated);
}

/// <summary>Questions about single entities from outside.</summary>
public sealed class ShardQuestionTests
{
    public const string Definitions =
        """
        namespace = t
        sources.s { format = json, event-time { field = ts, unit = ms }, fields { k = string, ts = long } }
        entities.item { key = [string], shards = 1 }
        groups.g { entity = item, source = s, key = k, features { n { type = count, windows = [1h] } }, triggers = [{ on = timer, every = 1h }] }
        """;

    /// <summary>The same, published at once.</summary>
    public static readonly string Updated = Definitions.Replace("on = timer, every = 1h", "on = update", StringComparison.Ordinal);

    [Fact]
    public void Answer_has_what_is_applied_and_not_published()
    {
        using var shard = new ShardDriver(Definitions);
        shard.Tell("a");

        Assert.Equal(1, Value(shard.Inspect("a")));
        Assert.Equal(0, shard.Machine.Counters.Writes);
    }

    [Fact]
    public void Answer_is_evaluated_at_the_time_of_the_question()
    {
        using var shard = new ShardDriver(Definitions);
        shard.Tell("a");
        shard.Advance(3_600_000 + 60_000);

        Assert.Null(Value(shard.Inspect("a")));
    }

    [Fact]
    public void Unknown_key_has_no_groups()
    {
        using var shard = new ShardDriver(Definitions);
        Assert.Empty(JsonNode.Parse(shard.Inspect("nobody")!)!["groups"]!.AsObject());
    }

    [Fact]
    public void Entity_that_is_not_in_memory_is_loaded_and_stays_one()
    {
        using var shard = new ShardDriver(Updated);
        shard.Tell("a");
        shard.Restart();
        Assert.Equal(1, shard.Machine.Cold);

        Assert.Equal(1, Value(shard.Inspect("a")));
        Assert.Equal(0, shard.Machine.Cold);
        shard.Tell("a");
        Assert.Equal(2, Value(shard.Inspect("a")));
        Assert.Empty(JsonNode.Parse(shard.Inspect("nobody")!)!["groups"]!.AsObject());
    }

    [Fact]
    public void Question_changes_nothing_that_is_published_later()
    {
        using var shard = new ShardDriver(Updated);
        shard.Tell("a");
        shard.Advance(200);
        int writes = shard.Writes.Count;
        for (int i = 0; i < 80; i++)
        {
            shard.Advance(60_000);
            shard.Inspect("a");
        }

        Assert.Null(shard.Read("a"));
        Assert.Equal(writes, shard.Writes.Count);
        Assert.Equal(1, shard.Machine.Counters.Deletes);
    }

    [Fact]
    public void Shard_that_is_not_acquired_cannot_say()
    {
        using var machine = new ShardDriver(Definitions);
        Assert.NotNull(machine.Inspect("a"));
        machine.Release();

        Assert.Null(machine.Inspect("a"));
    }

    private static long? Value(string? answer) => JsonNode.Parse(answer!)!["groups"]!["g"]?["features"]!["n:1h"]!.GetValue<long>();
}

namespace FeatureActors.Runtime.Tests.Shards;

/// <summary>Answers of the store that come once more when something else was asked since.</summary>
public sealed class RepeatedReadTests : IDisposable
{
    private const long MinuteMs = 60_000;
    private const string Definitions = """
        namespace = t
        sources.s { format = json, event-time { field = ts, unit = ms }, fields { k = string, ts = long } }
        entities.item { key = [string], shards = 1 }
        groups.g {
          entity = item, source = s, key = k
          features { n { type = count, windows = [1h] } }
          triggers = [{ on = update, coalesce = 50ms }]
        }
        """;

    private readonly ShardDriver _shard = new(Definitions) { RepeatsFirstReads = true };

    public void Dispose() => _shard.Dispose();

    [Fact]
    public void An_answer_to_an_earlier_read_does_not_bring_back_an_entity_as_it_was_then()
    {
        _shard.Tell("a");
        _shard.Advance(30 * MinuteMs);
        _shard.Tell("a");

        // The first row leaves, for which the key is read from the store; a third row comes, and the key leaves memory with it.
        _shard.Advance(33 * MinuteMs);
        _shard.Tell("a");
        _shard.Advance(1_000);
        Assert.Equal("2", _shard.Read("a")?["n:1h"]);

        // The second row leaves.
        _shard.Advance(30 * MinuteMs);
        Assert.Equal("1", _shard.Read("a")?["n:1h"]);
    }
}

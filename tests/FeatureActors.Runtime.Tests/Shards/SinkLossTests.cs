using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Ports;

namespace FeatureActors.Runtime.Tests.Shards;

/// <summary>A feature store that is set back to an older state, and owners that end before they have written everything again.</summary>
public sealed class SinkLossTests : IDisposable
{
    private const int Keys = 1_000;
    private const string Definitions = """
        namespace = t
        sources.s { format = json, event-time { field = ts, unit = ms }, fields { k = string, ts = long } }
        entities.item { key = [string], shards = 1 }
        groups.g {
          entity = item, source = s, key = k
          features { n { type = count, windows = [1d] } }
          triggers = [{ on = update, coalesce = 50ms }]
        }
        """;

    // Slow enough to be stopped on the way, and without batches that it could simply send once more.
    private readonly ShardDriver _shard = new(Definitions, new ShardOptions { RewriteKeysPerSecond = 500, RingBytes = 0 });

    public void Dispose() => _shard.Dispose();

    [Fact]
    public void What_an_owner_did_not_write_again_before_it_gave_the_shard_away_the_next_one_writes()
    {
        SetBack();
        UntilItWritesAgain();
        _shard.HandOver();
        AllAreThere();
    }

    [Fact]
    public void What_an_owner_did_not_write_again_before_it_was_killed_the_next_one_writes()
    {
        SetBack();
        UntilItWritesAgain();
        _shard.Kill();
        AllAreThere();
    }

    [Fact]
    public void A_loss_that_only_an_owner_without_a_checkpoint_saw_is_made_good_by_the_next_one()
    {
        InMemorySinkSnapshot older = PublishTwice();
        _shard.Sink.Restore(older);
        _shard.Kill();
        Assert.Contains(_shard.Said, static s => s.Contains("it lost data", StringComparison.Ordinal));
        Assert.Contains(Names(), k => _shard.Read(k)?["n:1d"] == "1");
        _shard.Kill();
        AllAreThere();
    }

    [Fact]
    public void Everything_is_written_again_once_and_not_by_each_further_owner()
    {
        SetBack();
        UntilItWritesAgain();
        AllAreThere();
        int before = CountRewrites();
        _shard.Restart();
        _shard.Restart();
        _shard.Advance(6_000);
        _shard.Kill();
        _shard.Advance(6_000);
        Assert.Equal(before, CountRewrites());
    }

    private static IEnumerable<string> Names() => Enumerable.Range(0, Keys).Select(static i => $"k{i}");

    private int CountRewrites() => _shard.Said.Count(static s => s.Contains("writing everything live", StringComparison.Ordinal));

    private void SetBack() => _shard.Sink.Restore(PublishTwice());

    /// <summary>Publishes 1 and then 2 of every key, checkpointed, and answers what the store held in between.</summary>
    private InMemorySinkSnapshot PublishTwice()
    {
        TellAll();
        InMemorySinkSnapshot older = _shard.Sink.TakeSnapshot();
        TellAll();
        Assert.All(Names(), k => Assert.Equal("2", _shard.Read(k)?["n:1d"]));
        return older;
    }

    private void TellAll()
    {
        foreach (string key in Names())
        {
            _shard.Tell(key);
        }

        _shard.Advance(12_000);
    }

    /// <summary>The owner finds the loss when it looks at the fence; it is left alone before it is through.</summary>
    private void UntilItWritesAgain()
    {
        for (int i = 0; CountRewrites() == 0; i++)
        {
            Assert.True(i < 200, "the loss was not found");
            _shard.Advance(50);
        }

        Assert.Contains(Names(), k => _shard.Read(k)?["n:1d"] == "1");
    }

    private void AllAreThere()
    {
        _shard.Advance(20_000);
        Assert.All(Names(), k => Assert.Equal("2", _shard.Read(k)?["n:1d"]));
    }
}

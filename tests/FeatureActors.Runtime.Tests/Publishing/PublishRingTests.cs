using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Publishing;

namespace FeatureActors.Runtime.Tests.Publishing;

public sealed class PublishRingTests
{
    private static readonly PublishTarget Nobody = new(-1, 0, 0, 0);
    private readonly PublishBuilder _builder = new();

    [Fact]
    public void Batches_behind_the_last_that_the_sink_has_are_sent_again_in_order_before_what_waits()
    {
        var ring = new PublishRing(long.MaxValue);
        for (int number = 1; number <= 5; number++)
        {
            ring.Keep(Record(number));
        }

        var ready = new LinkedList<PublishRecord>([Record(6)]);
        ring.TakeBack(2, ready);
        Assert.Equal([3L, 4, 5, 6], ready.Select(static r => r.Batch.Batch));
        Assert.False(ring.HoldsAllBehind(4, lastAcked: 5), "a ring that was taken back is empty");
    }

    [Fact]
    public void Ring_says_which_losses_it_can_make_good()
    {
        var ring = new PublishRing(long.MaxValue);
        ring.Keep(Record(3));
        ring.Keep(Record(4));
        Assert.True(ring.HoldsAllBehind(2, lastAcked: 4));
        Assert.True(ring.HoldsAllBehind(4, lastAcked: 4));
        Assert.False(ring.HoldsAllBehind(1, lastAcked: 4), "batch 2 is not here");
        Assert.False(ring.HoldsAllBehind(5, lastAcked: 4), "the sink knows a batch that was not acknowledged");
    }

    [Fact]
    public void Empty_ring_makes_good_nothing_but_no_loss()
    {
        var ring = new PublishRing(0);
        ring.Keep(Record(7));
        Assert.True(ring.HoldsAllBehind(7, lastAcked: 7));
        Assert.False(ring.HoldsAllBehind(6, lastAcked: 7));
    }

    [Fact]
    public void Oldest_batches_go_when_the_ring_is_full()
    {
        PublishRecord first = Record(1);
        var ring = new PublishRing(2 * first.Bytes);
        ring.Keep(first);
        ring.Keep(Record(2));
        Assert.True(ring.HoldsAllBehind(0, lastAcked: 2));
        ring.Keep(Record(3));
        Assert.False(ring.HoldsAllBehind(0, lastAcked: 3));
        Assert.True(ring.HoldsAllBehind(1, lastAcked: 3));
    }

    private PublishRecord Record(long number)
    {
        _builder.Begin(number);
        _builder.AddItem(PublishKind.Delete, "fa:t:g:"u8, "k"u8, 0, Nobody);
        return _builder.Complete(new ShardId("item", 0), new Epoch(1));
    }
}

using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Tests.Entities;

public sealed class PagedQueueTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Items_come_out_in_the_order_they_went_in_over_many_pages(int seed)
    {
        var random = new Random(seed);
        var queue = new PagedQueue<long>();
        var model = new Queue<long>();
        for (int round = 0; round < 60; round++)
        {
            int added = random.Next(4000);
            for (int i = 0; i < added; i++)
            {
                long item = random.NextInt64();
                queue.Enqueue(item);
                model.Enqueue(item);
            }

            // Every third round to the end: an empty queue begins its page again.
            int taken = round % 3 == 0 ? model.Count : random.Next(model.Count);
            for (int i = 0; i < taken; i++)
            {
                Assert.True(queue.TryPeek(out long first) && first == model.Peek(), $"seed {seed}, round {round}");
                Assert.True(queue.TryDequeue(out long item) && item == model.Dequeue(), $"seed {seed}, round {round}");
            }

            Assert.Equal(model.Count, queue.Count);
        }

        while (queue.TryDequeue(out long item))
        {
            Assert.Equal(model.Dequeue(), item);
        }

        Assert.Empty(model);
        Assert.False(queue.TryPeek(out _));
    }
}

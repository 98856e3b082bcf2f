using FeatureActors.Abstractions.Ports;
using FeatureActors.TestKit.Contracts;
using FeatureActors.TestKit.Ports;

namespace FeatureActors.TestKit.Tests.Ports;

public sealed class InMemoryEventSourceTests : EventSourceContract
{
    private InMemoryEventSource _source = new("s", 1);
    private int _partitions = 1;

    [Fact]
    public async Task Reader_below_the_first_event_held_starts_there_and_says_so()
    {
        await NewSourceAsync(1);
        await WriteAsync(0, Numbered(0, 10));
        _source.Trim(0, 4);
        await using var reader = await _source.ReadFromAsync(0, 1, CancellationToken.None);
        var chunk = new EventChunk();
        await reader.ReadAsync(chunk, CancellationToken.None);

        Assert.Equal(1, chunk.SkippedFrom);
        Assert.Equal(4, chunk[0].Offset);
        Assert.Equal(6, chunk.Count);
    }

    protected override Task<IEventSource> NewSourceAsync(int partitions)
    {
        _partitions = partitions;
        _source = new InMemoryEventSource("s", partitions);
        return Task.FromResult<IEventSource>(_source);
    }

    protected override Task WriteAsync(int partition, IReadOnlyList<byte[]> events)
    {
        foreach (var bytes in events)
        {
            _source.Append(partition, bytes);
        }

        return Task.CompletedTask;
    }

    protected override Task WriteEndAsync(long endMs)
    {
        for (var partition = 0; partition < _partitions; partition++)
        {
            _source.AppendEnd(partition, endMs);
        }

        return Task.CompletedTask;
    }
}

using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Ports;
using Xunit;

namespace FeatureActors.TestKit.Contracts;

/// <summary>What every <see cref="IEventSource"/> does; a test class per adapter derives from it.</summary>
public abstract class EventSourceContract
{
    /// <summary>Longest wait for an event or an assignment.</summary>
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>A new, empty source.</summary>
    protected abstract Task<IEventSource> NewSourceAsync(int partitions);

    /// <summary>Appends events to a partition of the source made last.</summary>
    protected abstract Task WriteAsync(int partition, IReadOnlyList<byte[]> events);

    /// <summary>Ends every partition of the source made last.</summary>
    protected abstract Task WriteEndAsync(long endMs);

    [Fact]
    public async Task Events_of_a_partition_come_in_order_with_their_bytes_and_offsets()
    {
        await using var source = await NewSourceAsync(3);
        await WriteAsync(1, Numbered(0, 1_000));

        Assert.Equal(3, await source.CountPartitionsAsync(CancellationToken.None));
        Assert.Equal(new LogRange(0, 1_000), await source.GetRangeAsync(1, CancellationToken.None));
        Assert.Equal(new LogRange(0, 0), await source.GetRangeAsync(0, CancellationToken.None));
        await using var reader = await source.ReadFromAsync(1, 0, CancellationToken.None);
        Assert.Equal(Expected(0, 1_000), await ReadAsync(reader, 1_000));
    }

    [Fact]
    public async Task A_reader_closed_and_opened_again_goes_on_exactly_at_its_offset()
    {
        await using var source = await NewSourceAsync(1);
        await WriteAsync(0, Numbered(0, 500));
        foreach (var offset in (long[])[123, 0, 499, 124])
        {
            await using var reader = await source.ReadFromAsync(0, offset, CancellationToken.None);
            Assert.Equal(Expected((int)offset, 500), await ReadAsync(reader, 500 - (int)offset));
        }
    }

    [Fact]
    public async Task A_reader_at_the_end_waits_for_the_next_event_and_a_cancelled_wait_loses_nothing()
    {
        await using var source = await NewSourceAsync(1);
        await WriteAsync(0, Numbered(0, 3));
        await using var reader = await source.ReadFromAsync(0, 3, CancellationToken.None);
        using var cancelled = new CancellationTokenSource();
        var waiting = reader.ReadAsync(new EventChunk(), cancelled.Token).AsTask();
        Assert.False(waiting.IsCompleted);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);

        await WriteAsync(0, Numbered(3, 5));
        Assert.Equal(Expected(3, 5), await ReadAsync(reader, 2));
    }

    [Fact]
    public async Task The_end_stands_behind_the_last_event_takes_an_offset_and_is_no_event()
    {
        await using var source = await NewSourceAsync(2);
        await WriteAsync(0, Numbered(0, 2));
        await WriteEndAsync(1_700_000_000_000);
        foreach (var (partition, events) in ((int, int)[])[(0, 2), (1, 0)])
        {
            await using var reader = await source.ReadFromAsync(partition, 0, CancellationToken.None);
            using var patience = new CancellationTokenSource(Patience);
            var chunk = new EventChunk();
            var seen = 0;
            do
            {
                await reader.ReadAsync(chunk, patience.Token);
                seen += chunk.Count;
            }
            while (chunk.EndMs is null);

            Assert.Equal(events, seen);
            Assert.Equal(1_700_000_000_000, chunk.EndMs);
            Assert.Equal(events + 1, chunk.NextOffset);
        }
    }

    [Fact]
    public async Task Two_readers_of_a_partition_do_not_disturb_each_other()
    {
        await using var source = await NewSourceAsync(1);
        await WriteAsync(0, Numbered(0, 200));
        await using var first = await source.ReadFromAsync(0, 0, CancellationToken.None);
        await using var second = await source.ReadFromAsync(0, 100, CancellationToken.None);
        Assert.Equal(Expected(100, 200), await ReadAsync(second, 100));
        Assert.Equal(Expected(0, 200), await ReadAsync(first, 200));
    }

    [Fact]
    public async Task Two_members_share_the_partitions()
    {
        await using var source = await NewSourceAsync(4);
        var board = new AssignmentBoard<int>();
        using var leave = new CancellationTokenSource();
        var first = WatchAsync(source, "first", board, leave.Token);
        await board.WaitUntilAsync("the only member has all", b => b.HeldBy("first").Count == 4, Patience);
        var second = WatchAsync(source, "second", board, leave.Token);
        await board.WaitUntilAsync(
            "two members share",
            b => b.HeldBy("first").Count == 2 && b.HeldBy("second").Count == 2 && !b.HeldBy("first").Overlaps(b.HeldBy("second")),
            Patience);
        await leave.CancelAsync();
        await Task.WhenAll(first, second);
    }

    /// <summary>Events whose bytes are their offsets as text.</summary>
    protected static List<byte[]> Numbered(int from, int to) =>
        [.. Enumerable.Range(from, to - from).Select(number => Encoding.ASCII.GetBytes(Text(number)))];

    /// <summary>What <see cref="ReadAsync"/> answers for the events of <see cref="Numbered"/>.</summary>
    protected static List<string> Expected(int from, int to) =>
        [.. Enumerable.Range(from, to - from).Select(number => $"{Text(number)}@{Text(number)}")];

    /// <summary>Reads until there are so many events; each as <c>bytes@offset</c>.</summary>
    protected static async Task<List<string>> ReadAsync(IEventReader reader, int count)
    {
        ArgumentNullException.ThrowIfNull(reader);
        using var patience = new CancellationTokenSource(Patience);
        var chunk = new EventChunk();
        List<string> events = [];
        while (events.Count < count)
        {
            await reader.ReadAsync(chunk, patience.Token).ConfigureAwait(false);
            for (var index = 0; index < chunk.Count; index++)
            {
                events.Add($"{Encoding.ASCII.GetString(chunk.Bytes(index))}@{chunk[index].Offset.ToString(CultureInfo.InvariantCulture)}");
            }

            Assert.Equal(chunk.Count == 0 ? chunk.NextOffset : chunk[chunk.Count - 1].Offset + 1, chunk.NextOffset);
        }

        return events;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static async Task WatchAsync(
        IEventSource source, string member, AssignmentBoard<int> board, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var change in source.WatchAsync(cancellationToken).ConfigureAwait(false))
            {
                board.Set(member, change.Partition, change.IsAssigned);
            }
        }
        catch (OperationCanceledException)
        {
            // How a member leaves.
        }
    }
}

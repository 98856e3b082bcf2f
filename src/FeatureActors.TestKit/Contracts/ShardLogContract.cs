using System.Text;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using Xunit;

namespace FeatureActors.TestKit.Contracts;

/// <summary>
/// What every <see cref="IShardLog"/> that the project itself stores does. Broker logs, whose retention and offsets are their
/// own, share the parts about order, waiting and identity.
/// </summary>
public abstract class ShardLogContract
{
    private static readonly ShardId Shard = new("item", 1);
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>Largest batch of the log under test.</summary>
    protected abstract int BatchBytesMax { get; }

    /// <summary>The log under test; empty at first, the same one within a test.</summary>
    protected abstract ValueTask<IShardLog> OpenAsync();

    /// <summary>The log after its node was restarted; the same one where a restart means nothing.</summary>
    protected virtual ValueTask<IShardLog> ReopenAsync() => OpenAsync();

    [Fact]
    public async Task Entries_come_back_in_order_with_their_offsets()
    {
        var log = await OpenItemAsync();
        var offsets = await AppendAsync(log, "a", "", "c");

        var entries = await ReadAsync(log, 0, 3);

        Assert.Equal(offsets, entries.Select(static entry => entry.Offset));
        Assert.Equal(["a", "", "c"], entries.Select(Text));
        Assert.Equal(offsets.Order().Distinct(), offsets);
    }

    [Fact]
    public async Task Log_is_the_same_after_a_restart_and_goes_on_with_the_next_offset()
    {
        var log = await OpenItemAsync();
        var identity = await log.OpenAsync("item", 2, None);
        await AppendAsync(log, "a", "b");
        var before = await log.GetRangeAsync(Shard, None);

        log = await ReopenAsync();
        Assert.Equal(identity, await log.OpenAsync("item", 2, None));
        Assert.Equal(before, await log.GetRangeAsync(Shard, None));
        await AppendAsync(log, "c");

        Assert.Equal(["a", "b", "c"], (await ReadAsync(log, before.Begin, 3)).Select(Text));
    }

    [Fact]
    public async Task Empty_log_begins_where_it_ends()
    {
        var log = await OpenItemAsync();
        Assert.Equal(new LogRange(0, 0), await log.GetRangeAsync(Shard, None));
    }

    [Fact]
    public async Task Other_partition_count_is_refused()
    {
        var log = await OpenItemAsync();
        await Assert.ThrowsAsync<LogSetupException>(async () => await log.OpenAsync("item", 3, None));
    }

    [Fact]
    public async Task Reader_starts_at_the_asked_offset_and_takes_at_least_one_entry_whatever_the_bound()
    {
        var log = await OpenItemAsync();
        var offsets = await AppendAsync(log, "aaaa", "bbbb", "cccc", "dddd");
        await using var reader = await log.ReadFromAsync(Shard, offsets[1], None);

        var small = await reader.ReadAsync(1, None);
        Assert.Equal(["bbbb"], small.Select(Text));
        var rest = await reader.ReadAsync(8, None);
        Assert.Equal(["cccc", "dddd"], rest.Select(Text));
    }

    [Fact]
    public async Task Reader_at_the_end_waits_for_the_next_append()
    {
        var log = await OpenItemAsync();
        await using var reader = await log.ReadFromAsync(Shard, 0, None);
        var waiting = reader.ReadAsync(1024, None).AsTask();
        Assert.False(waiting.IsCompleted);

        await AppendAsync(log, "a");

        Assert.Equal(["a"], (await waiting.WaitAsync(TimeSpan.FromSeconds(30))).Select(Text));
    }

    [Fact]
    public async Task Cancelled_wait_ends_and_the_reader_goes_on_afterwards()
    {
        var log = await OpenItemAsync();
        await using var reader = await log.ReadFromAsync(Shard, 0, None);
        using CancellationTokenSource cancellation = new();
        var waiting = reader.ReadAsync(1024, cancellation.Token).AsTask();

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await AppendAsync(log, "a");

        Assert.Equal(["a"], (await reader.ReadAsync(1024, None)).Select(Text));
    }

    [Fact]
    public async Task Concurrent_appends_all_land_once_and_each_caller_keeps_its_order()
    {
        const int callers = 8;
        const int each = 25;
        var log = await OpenItemAsync();

        await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (var index = 0; index < each; index++)
            {
                await log.AppendAsync(Shard, Utf8($"{caller}:{index}"), None);
            }
        })));

        var entries = (await ReadAsync(log, 0, callers * each)).Select(Text).ToList();
        Assert.Equal(callers * each, entries.Distinct().Count());
        for (var caller = 0; caller < callers; caller++)
        {
            Assert.Equal(
                Enumerable.Range(0, each).Select(index => $"{caller}:{index}"),
                entries.Where(entry => entry.StartsWith($"{caller}:", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Batch_of_the_largest_size_is_taken_and_one_byte_more_is_refused()
    {
        var log = await OpenItemAsync();
        await log.AppendAsync(Shard, new byte[BatchBytesMax], None);

        var refused = await Assert.ThrowsAsync<BatchRefusedException>(async () =>
            await log.AppendAsync(Shard, new byte[BatchBytesMax + 1], None));

        Assert.Equal(Shard, refused.Shard);
        Assert.Equal(BatchBytesMax, Assert.Single(await ReadAsync(log, 0, 1)).Batch.Length);
    }

    [Fact]
    public async Task Trim_keeps_everything_at_and_above_its_offset_and_no_offset_is_given_twice()
    {
        var log = await OpenItemAsync();
        var offsets = await AppendAsync(log, [.. Enumerable.Range(0, 200).Select(static index => $"{index}")]);

        await log.TrimAsync(Shard, offsets[150], None);

        var range = await log.GetRangeAsync(Shard, None);
        Assert.InRange(range.Begin, 0, offsets[150]);
        Assert.Equal("150", Text((await ReadAsync(log, offsets[150], 1))[0]));

        await log.TrimAsync(Shard, range.End + 10, None);
        log = await ReopenAsync();
        await log.OpenAsync("item", 2, None);
        var next = (await AppendAsync(log, "next"))[0];

        Assert.Equal(range.End, next);
        Assert.Equal("next", Text((await ReadAsync(log, next, 1))[0]));
    }

    [Fact]
    public async Task Shards_have_logs_of_their_own()
    {
        var log = await OpenItemAsync();
        await AppendAsync(log, "a");

        Assert.Equal(new LogRange(0, 0), await log.GetRangeAsync(new ShardId("item", 0), None));
    }

    private async Task<IShardLog> OpenItemAsync()
    {
        var log = await OpenAsync();
        Assert.NotEmpty(await log.OpenAsync("item", 2, None));
        return log;
    }

    private static async Task<List<long>> AppendAsync(IShardLog log, params string[] batches)
    {
        List<long> offsets = [];
        foreach (var batch in batches)
        {
            offsets.Add(await log.AppendAsync(Shard, Utf8(batch), None));
        }

        return offsets;
    }

    private static async Task<List<LogEntry>> ReadAsync(IShardLog log, long nextOffset, int count)
    {
        List<LogEntry> entries = [];
        await using var reader = await log.ReadFromAsync(Shard, nextOffset, None);
        while (entries.Count < count)
        {
            entries.AddRange(await reader.ReadAsync(1024 * 1024, None));
        }

        return entries;
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static string Text(LogEntry entry) => Encoding.UTF8.GetString(entry.Batch.Span);
}

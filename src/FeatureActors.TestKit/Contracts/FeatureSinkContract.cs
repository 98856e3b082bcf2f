using System.Text;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using Xunit;

namespace FeatureActors.TestKit.Contracts;

/// <summary>
/// What every <see cref="IFeatureSink"/> promises. A test class derives from it, says how to open the sink, and how to look into
/// the store behind it. Each test gets a new instance; stores may be shared if <see cref="Prefix"/> keeps the keys apart.
/// </summary>
public abstract class FeatureSinkContract
{
    private static readonly ShardId Shard = new("item", 3);

    /// <summary>Begin of every key a test writes, such as <c>fa:test7:g:</c>.</summary>
    protected abstract string Prefix { get; }

    /// <summary>The store's present time, Unix milliseconds.</summary>
    protected abstract long NowMs { get; }

    /// <summary>Opens the sink; called for each owner of a shard. All of one test see the same store.</summary>
    protected abstract ValueTask<IFeatureSink> OpenAsync();

    /// <summary>Fields of a key, or null when it is absent.</summary>
    protected abstract ValueTask<IReadOnlyDictionary<string, string>?> ReadAsync(string key);

    /// <summary>Expiry of a key in Unix milliseconds, 0 for none, or null when it is absent.</summary>
    protected abstract ValueTask<long?> FindExpiryMsAsync(string key);

    /// <summary>Removes everything from the store, fences included.</summary>
    protected abstract ValueTask LoseEverythingAsync();

    /// <summary>Removes one key.</summary>
    protected abstract ValueTask LoseKeyAsync(string key);

    /// <summary>The first raise answers null and leaves a fence without a position.</summary>
    [Fact]
    public async Task The_first_raise_creates_a_fence_without_a_position()
    {
        await using IFeatureSink sink = await OpenAsync();
        Assert.Null(await sink.ReadFenceAsync(Shard, default));

        Assert.Null(await sink.RaiseFenceAsync(Shard, new Epoch(5), 10, default));

        Assert.Equal(new SinkFence(new Epoch(5), 10, SinkFence.NoPosition), await sink.ReadFenceAsync(Shard, default));
    }

    /// <summary>A raise keeps the position and answers the old fence.</summary>
    [Fact]
    public async Task A_later_raise_keeps_the_position_and_answers_the_fence_before()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(5), 10, default);
        var position = new PublishPosition(1L << 52, -7);
        Assert.Equal(SinkOutcome.Written, (await sink.WriteAsync(Batch(5, 11, position, Write("a", "1")), default)).Outcome);

        SinkFence? before = await sink.RaiseFenceAsync(Shard, new Epoch(6), 20, default);

        Assert.Equal(new SinkFence(new Epoch(5), 11, position), before);
        Assert.Equal(new SinkFence(new Epoch(6), 20, position), await sink.ReadFenceAsync(Shard, default));
    }

    /// <summary>A lower epoch cannot raise the fence; the same one can set the batch again.</summary>
    [Fact]
    public async Task A_raise_below_the_stored_epoch_changes_nothing_and_one_at_it_sets_the_batch()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(10), 1, default);

        SinkFence? seen = await sink.RaiseFenceAsync(Shard, new Epoch(9), 50, default);
        Assert.Equal(new Epoch(10), seen?.Epoch);
        Assert.Equal(1, (await sink.ReadFenceAsync(Shard, default))?.Batch);

        await sink.RaiseFenceAsync(Shard, new Epoch(10), 2, default);
        Assert.Equal(2, (await sink.ReadFenceAsync(Shard, default))?.Batch);
    }

    /// <summary>Without a fence nothing is written.</summary>
    [Fact]
    public async Task A_batch_without_a_fence_is_lost_and_writes_nothing()
    {
        await using IFeatureSink sink = await OpenAsync();

        Assert.Equal(SinkOutcome.Lost, (await sink.WriteAsync(Batch(1, 1, Write("a", "1")), default)).Outcome);

        Assert.Null(await ReadAsync(Prefix + "a"));
        Assert.Null(await sink.ReadFenceAsync(Shard, default));
    }

    /// <summary>Two owners: the old one is stopped, the new one goes on.</summary>
    [Fact]
    public async Task Once_a_new_owner_raised_the_fence_the_old_one_is_stale_and_writes_nothing()
    {
        await using IFeatureSink old = await OpenAsync();
        await using IFeatureSink taker = await OpenAsync();
        await old.RaiseFenceAsync(Shard, new Epoch(9), 0, default);
        Assert.Equal(SinkOutcome.Written, (await old.WriteAsync(Batch(9, 1, Write("a", "old")), default)).Outcome);

        // Epochs are compared as numbers: as text, 10 would stand below 9.
        await taker.RaiseFenceAsync(Shard, new Epoch(10), 1, default);
        Assert.Equal(SinkOutcome.Stale, (await old.WriteAsync(Batch(9, 2, Write("a", "late")), default)).Outcome);
        Assert.Equal(SinkOutcome.Written, (await taker.WriteAsync(Batch(10, 2, Write("a", "new")), default)).Outcome);
        Assert.Equal(SinkOutcome.Stale, (await old.WriteAsync(Batch(9, 3, Delete("a")), default)).Outcome);

        Assert.Equal("new", (await ReadAsync(Prefix + "a"))?["f"]);
    }

    /// <summary>A store that fell back to an older epoch has lost data.</summary>
    [Fact]
    public async Task A_fence_of_a_lower_epoch_means_lost()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(4), 7, default);

        Assert.Equal(SinkOutcome.Lost, (await sink.WriteAsync(Batch(5, 8, Write("a", "1")), default)).Outcome);
        Assert.Null(await ReadAsync(Prefix + "a"));
    }

    /// <summary>Only the next batch is written.</summary>
    [Theory]
    [InlineData(8, SinkOutcome.Lost)]
    [InlineData(9, SinkOutcome.Lost)]
    [InlineData(10, SinkOutcome.Done)]
    [InlineData(11, SinkOutcome.Written)]
    [InlineData(12, SinkOutcome.Lost)]
    public async Task Of_all_batch_numbers_only_the_next_is_written(long batch, SinkOutcome expected)
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 10, default);

        Assert.Equal(expected, (await sink.WriteAsync(Batch(1, batch, Write("a", "1")), default)).Outcome);

        Assert.Equal(expected == SinkOutcome.Written, await ReadAsync(Prefix + "a") is not null);
        Assert.Equal(expected == SinkOutcome.Written ? 11 : 10, (await sink.ReadFenceAsync(Shard, default))?.Batch);
    }

    /// <summary>A repetition changes nothing.</summary>
    [Fact]
    public async Task A_repeated_batch_is_done_and_changes_nothing()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        PublishBatch batch = Batch(1, 1, Write("a", "1"));
        await sink.WriteAsync(batch, default);
        await LoseKeyAsync(Prefix + "a");

        Assert.Equal(SinkOutcome.Done, (await sink.WriteAsync(batch, default)).Outcome);

        Assert.Null(await ReadAsync(Prefix + "a"));
    }

    /// <summary>The report of missing keys survives a lost answer.</summary>
    [Fact]
    public async Task A_repeated_batch_reports_the_missed_refreshes_again()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        PublishBatch batch = Batch(1, 1, Refresh("gone"), Write("a", "1"), Refresh("away"));

        Assert.Equal([0, 2], (await sink.WriteAsync(batch, default)).MissingRefreshes);

        SinkAnswer again = await sink.WriteAsync(batch, default);
        Assert.Equal(SinkOutcome.Done, again.Outcome);
        Assert.Equal([0, 2], again.MissingRefreshes);
    }

    /// <summary>A write replaces the hash.</summary>
    [Fact]
    public async Task A_write_removes_fields_that_it_does_not_carry()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        await sink.WriteAsync(Batch(1, 1, Write("a", ("x", "1"), ("y", "2")), Write("b", ("z", "3"))), default);
        await sink.WriteAsync(Batch(1, 2, Write("a", ("y", "5"), ("w", "6"))), default);

        Assert.Equal(new Dictionary<string, string> { ["y"] = "5", ["w"] = "6" }, await ReadAsync(Prefix + "a"));
        Assert.Equal(new Dictionary<string, string> { ["z"] = "3" }, await ReadAsync(Prefix + "b"));
    }

    /// <summary>Values come back byte for byte.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 63)]
    [InlineData(3, 64)]
    [InlineData(3, 127)]
    [InlineData(70, 128)]
    [InlineData(2, 4_095)]
    [InlineData(2, 4_096)]
    [InlineData(2, 20_000)]
    [InlineData(2, 70_000)]
    [InlineData(1, 3_000_000)]
    [InlineData(130, 10)]
    [InlineData(600, 5)]
    [InlineData(5_000, 3)]
    public async Task Fields_of_any_number_and_length_come_back_unchanged(int count, int length)
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        (string, string)[] fields = [.. Enumerable.Range(0, count).Select(i => ($"feature_{i}:1h", new string((char)('a' + (i % 26)), length)))];

        Assert.Equal(SinkOutcome.Written, (await sink.WriteAsync(Batch(1, 1, Write("a", fields)), default)).Outcome);

        IReadOnlyDictionary<string, string>? read = await ReadAsync(Prefix + "a");
        Assert.NotNull(read);
        Assert.Equal(fields.ToDictionary(f => f.Item1, f => f.Item2), read);
    }

    /// <summary>Text that looks like numbers, control characters and other scripts are kept.</summary>
    [Fact]
    public async Task Values_of_every_kind_come_back_unchanged()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        (string, string)[] fields =
        [
            ("a", "1"), ("b", "-1"), ("c", "9223372036854775807"), ("d", "007"), ("e", "1e5"), ("f", ""), ("g", "R"), ("h", "D"),
            ("i", "a\0b\r\nc"), ("j", "é漢😀"), ("17", "[[\"u1\",12]]"), ("_v", "17-1700000000000"),
        ];
        await sink.WriteAsync(Batch(1, 1, Write("a", fields)), default);

        IReadOnlyDictionary<string, string>? read = await ReadAsync(Prefix + "a");
        Assert.NotNull(read);
        Assert.Equal(fields.ToDictionary(f => f.Item1, f => f.Item2), read);
    }

    /// <summary>A write sets the expiry, 0 removes it.</summary>
    [Fact]
    public async Task A_write_sets_the_expiry_and_zero_means_none()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        long expiry = NowMs + 3_600_123;
        await sink.WriteAsync(Batch(1, 1, Write("a", "1") with { ExpireAtMs = expiry }, Write("b", "1")), default);
        Assert.Equal(expiry, await FindExpiryMsAsync(Prefix + "a"));
        Assert.Equal(0, await FindExpiryMsAsync(Prefix + "b"));

        await sink.WriteAsync(Batch(1, 2, Write("a", "1"), Write("b", "1") with { ExpireAtMs = expiry }), default);
        Assert.Equal(0, await FindExpiryMsAsync(Prefix + "a"));
        Assert.Equal(expiry, await FindExpiryMsAsync(Prefix + "b"));
    }

    /// <summary>An expiry in the past means gone.</summary>
    [Fact]
    public async Task A_write_that_has_expired_already_leaves_no_key()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        await sink.WriteAsync(Batch(1, 1, Write("a", "1")), default);

        SinkAnswer answer = await sink.WriteAsync(Batch(1, 2, Write("a", "2") with { ExpireAtMs = NowMs - 1 }), default);

        Assert.Equal(SinkOutcome.Written, answer.Outcome);
        Assert.Null(await ReadAsync(Prefix + "a"));
    }

    /// <summary>A refresh changes the expiry only.</summary>
    [Fact]
    public async Task A_refresh_moves_the_expiry_and_leaves_the_fields()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        long expiry = NowMs + 60_000;
        await sink.WriteAsync(Batch(1, 1, Write("a", "1") with { ExpireAtMs = expiry }, Write("b", "2") with { ExpireAtMs = expiry }), default);

        SinkAnswer answer = await sink.WriteAsync(
            Batch(1, 2, Refresh("a") with { ExpireAtMs = expiry + 777 }, Refresh("b"), Refresh("none") with { ExpireAtMs = expiry }), default);

        Assert.Equal([2], answer.MissingRefreshes);
        Assert.Equal(expiry + 777, await FindExpiryMsAsync(Prefix + "a"));
        Assert.Equal(0, await FindExpiryMsAsync(Prefix + "b"));
        Assert.Equal("1", (await ReadAsync(Prefix + "a"))?["f"]);
        Assert.Null(await ReadAsync(Prefix + "none"));
    }

    /// <summary>A delete removes the key; an absent one is no failure.</summary>
    [Fact]
    public async Task A_delete_removes_the_key_and_an_absent_key_is_no_failure()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        await sink.WriteAsync(Batch(1, 1, Write("a", "1")), default);

        SinkAnswer answer = await sink.WriteAsync(Batch(1, 2, Delete("a"), Delete("none")), default);

        Assert.Equal(SinkOutcome.Written, answer.Outcome);
        Assert.Empty(answer.MissingRefreshes);
        Assert.Null(await ReadAsync(Prefix + "a"));
    }

    /// <summary>After a loss of data the fence has to be raised first.</summary>
    [Fact]
    public async Task An_emptied_store_answers_lost_until_the_fence_is_raised()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(3), 0, default);
        await sink.WriteAsync(Batch(3, 1, Write("a", "1")), default);

        await LoseEverythingAsync();

        Assert.Equal(SinkOutcome.Lost, (await sink.WriteAsync(Batch(3, 2, Write("a", "2")), default)).Outcome);
        Assert.Null(await ReadAsync(Prefix + "a"));
        Assert.Null(await sink.RaiseFenceAsync(Shard, new Epoch(3), 1, default));
        Assert.Equal(SinkOutcome.Written, (await sink.WriteAsync(Batch(3, 2, Write("a", "2")), default)).Outcome);
        Assert.Equal("2", (await ReadAsync(Prefix + "a"))?["f"]);
    }

    /// <summary>A full batch goes through, one more is refused.</summary>
    [Fact]
    public async Task Two_hundred_keys_fit_and_one_more_is_refused()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        Item[] items = [.. Enumerable.Range(0, PublishBatch.ItemsMax + 1).Select(i => Write($"k{i}", $"{i}"))];

        await Assert.ThrowsAnyAsync<ArgumentException>(async () => await sink.WriteAsync(Batch(1, 1, items), default));
        Assert.Equal(SinkOutcome.Written, (await sink.WriteAsync(Batch(1, 1, items[..^1]), default)).Outcome);

        Assert.Equal("199", (await ReadAsync(Prefix + "k199"))?["f"]);
        Assert.Null(await ReadAsync(Prefix + "k200"));
    }

    /// <summary>A batch without keys moves the fence.</summary>
    [Fact]
    public async Task An_empty_batch_moves_batch_and_position()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);

        Assert.Equal(SinkOutcome.Written, (await sink.WriteAsync(Batch(1, 1, new PublishPosition(8, 9)), default)).Outcome);

        Assert.Equal(new SinkFence(new Epoch(1), 1, new PublishPosition(8, 9)), await sink.ReadFenceAsync(Shard, default));
    }

    /// <summary>Shards do not disturb each other.</summary>
    [Fact]
    public async Task Shards_written_at_the_same_time_keep_their_own_fences()
    {
        await using IFeatureSink sink = await OpenAsync();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async partition =>
        {
            var shard = new ShardId("user", partition);
            await sink.RaiseFenceAsync(shard, new Epoch(1), 0, default);
            for (int batch = 1; batch <= 20; batch++)
            {
                PublishBatch one = Batch(1, batch, new PublishPosition(batch, 0), Write($"{partition}-{batch}", $"{batch}")) with { Shard = shard };
                Assert.Equal(SinkOutcome.Written, (await sink.WriteAsync(one, default)).Outcome);
            }
        }));

        for (int partition = 0; partition < 16; partition++)
        {
            Assert.Equal(20, (await sink.ReadFenceAsync(new ShardId("user", partition), default))?.Batch);
            Assert.Equal("20", (await ReadAsync($"{Prefix}{partition}-20"))?["f"]);
        }

        Assert.Null(await sink.ReadFenceAsync(new ShardId("user", 16), default));
    }

    /// <summary>A scan gives every key that stays, though others come and go meanwhile.</summary>
    [Fact]
    public async Task A_scan_gives_every_key_that_stays()
    {
        await using IFeatureSink sink = await OpenAsync();
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        for (int batch = 1; batch <= 30; batch++)
        {
            Item[] items = [.. Enumerable.Range(0, 100).Select(i => Write($"{batch}-{i}", "1"))];
            await sink.WriteAsync(Batch(1, batch, items), default);
        }

        var seen = new HashSet<string>(StringComparer.Ordinal);
        long cursor = 0;
        int rounds = 0;
        do
        {
            SinkKeys some = await sink.ScanAsync(cursor, default);
            seen.UnionWith(some.Keys.Select(static k => Encoding.UTF8.GetString(k.Span)));
            cursor = some.NextCursor;
            rounds++;
            await sink.WriteAsync(Batch(1, 30 + rounds, Write($"new-{rounds}", "1"), Delete($"new-{rounds - 1}")), default);
        }
        while (cursor != 0);

        for (int batch = 1; batch <= 30; batch++)
        {
            Assert.All(Enumerable.Range(0, 100), i => Assert.Contains($"{Prefix}{batch}-{i}", seen));
        }
    }

    /// <summary>An item that writes the field <c>f</c>.</summary>
    private protected Item Write(string key, string value) => Write(key, ("f", value));

    private protected Item Write(string key, params (string Name, string Value)[] fields) => new(PublishKind.Write, Prefix + key, fields, 0);

    private protected Item Refresh(string key) => new(PublishKind.Refresh, Prefix + key, [], 0);

    private protected Item Delete(string key) => new(PublishKind.Delete, Prefix + key, [], 0);

    private protected static PublishBatch Batch(long epoch, long batch, params Item[] items) =>
        Batch(epoch, batch, new PublishPosition(100 + batch, 1_700_000_000_000 + batch), items);

    private protected static PublishBatch Batch(long epoch, long batch, PublishPosition position, params Item[] items)
    {
        List<PublishItem> packed = [];
        List<PublishField> fields = [];
        foreach (Item item in items)
        {
            packed.Add(new PublishItem(item.Kind, Utf8(item.Key), item.ExpireAtMs, fields.Count, item.Fields.Count));
            fields.AddRange(item.Fields.Select(field => new PublishField(Utf8(field.Name), Utf8(field.Value))));
        }

        return new PublishBatch(Shard, new Epoch(epoch), batch, position, packed, fields);
    }

    private static ReadOnlyMemory<byte> Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private protected sealed record Item(PublishKind Kind, string Key, IReadOnlyList<(string Name, string Value)> Fields, long ExpireAtMs);
}

using System.Globalization;
using FeatureActors.Abstractions.Ports;
using Xunit;

namespace FeatureActors.TestKit.Contracts;

/// <summary>What every <see cref="IDeadLetterStore"/> does.</summary>
public abstract class DeadLetterStoreContract
{
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>The store under test, bounded to 10 letters and 1 MiB; empty at first, the same one within a test.</summary>
    protected abstract ValueTask<IDeadLetterStore> OpenAsync();

    /// <summary>The store after its node was restarted; the same one where a restart means nothing.</summary>
    protected virtual ValueTask<IDeadLetterStore> ReopenAsync() => OpenAsync();

    [Fact]
    public async Task Letter_is_read_back_whole_after_a_restart()
    {
        var store = await OpenAsync();
        var letter = Letter(5) with { Lane = 2, Ordinal = 1, Group = "g", Feature = "f", Sha256 = "ab", Bytes = "{]"u8.ToArray() };
        await store.AddAsync([letter], None);

        store = await ReopenAsync();
        var id = Assert.Single(await store.ListAsync(null, null, 9, None)).Id;
        var read = await store.ReadAsync(id, None);

        Assert.NotNull(read);
        Assert.Equal("{]"u8.ToArray(), read.Bytes.ToArray());
        Assert.Equal(letter with { Id = id, Bytes = default }, read with { Bytes = default });
        Assert.Null(await store.ReadAsync(id + 1, None));
    }

    [Fact]
    public async Task Repetition_adds_nothing_and_each_part_of_the_identity_makes_another_letter()
    {
        var store = await OpenAsync();
        await store.AddAsync([Letter(5), Letter(5) with { AtMs = 9, Error = "again" }], None);
        await store.AddAsync([Letter(5)], None);
        Assert.Single(await store.ListAsync(null, null, 99, None));

        await store.AddAsync(
            [
                Letter(5) with { Source = "views" }, Letter(5) with { Partition = 1 }, Letter(5) with { Lane = 1 }, Letter(6),
                Letter(5) with { Ordinal = 0 }, Letter(5) with { Group = "g" }, Letter(5) with { Feature = "f" }, Letter(5) with { Reason = "late" },
            ],
            None);

        Assert.Equal(9, (await store.ListAsync(null, null, 99, None)).Count);
    }

    [Fact]
    public async Task List_shows_newest_first_in_pages_by_reason_and_without_bytes()
    {
        var store = await OpenAsync();
        await store.AddAsync([Letter(1), Letter(2) with { Reason = "late" }, Letter(3), Letter(4)], None);

        var page = await store.ListAsync("malformed-json", null, 2, None);
        Assert.Equal([4L, 3L], page.Select(static letter => letter.Offset));
        Assert.All(page, static letter => Assert.True(letter.Bytes.IsEmpty));
        var rest = await store.ListAsync("malformed-json", page[^1].Id, 2, None);
        Assert.Equal([1L], rest.Select(static letter => letter.Offset));
        Assert.Equal([4L, 3L, 2L, 1L], (await store.ListAsync(null, null, 9, None)).Select(static letter => letter.Offset));
        var counts = await store.CountAsync(None);
        Assert.Equal(3, counts["malformed-json"]);
        Assert.Equal(1, counts["late"]);
    }

    [Fact]
    public async Task Above_the_number_bound_the_oldest_give_way()
    {
        var store = await OpenAsync();
        for (var offset = 1; offset <= 12; offset++)
        {
            await store.AddAsync([Letter(offset)], None);
        }

        var kept = await store.ListAsync(null, null, 99, None);
        Assert.Equal(Enumerable.Range(3, 10).Reverse(), kept.Select(static letter => (int)letter.Offset));
        Assert.Equal(10, (await store.CountAsync(None))["malformed-json"]);
    }

    [Fact]
    public async Task Above_the_byte_bound_the_oldest_give_way_also_after_a_restart()
    {
        var store = await OpenAsync();
        var large = new string('x', 400_000);
        await store.AddAsync([Letter(1) with { Error = large }, Letter(2) with { Error = large }], None);
        store = await ReopenAsync();

        await store.AddAsync([Letter(3) with { Error = large }], None);

        Assert.Equal([3L, 2L], (await store.ListAsync(null, null, 9, None)).Select(static letter => letter.Offset));
    }

    [Fact]
    public async Task Only_the_first_bytes_of_a_huge_event_are_kept()
    {
        var store = await OpenAsync();
        await store.AddAsync([Letter(1) with { Bytes = new byte[DeadLetter.BytesMax + 1], Length = DeadLetter.BytesMax + 1 }], None);

        var listed = Assert.Single(await store.ListAsync(null, null, 9, None));
        var read = await store.ReadAsync(listed.Id, None);
        Assert.Equal(DeadLetter.BytesMax, read?.Bytes.Length);
        Assert.Equal(DeadLetter.BytesMax + 1, read?.Length);
    }

    private static DeadLetter Letter(long offset) => new()
    {
        Source = "purchases",
        Partition = 0,
        Offset = offset,
        Reason = "malformed-json",
        Error = string.Create(CultureInfo.InvariantCulture, $"could not read event {offset}"),
        AtMs = 1,
        Bytes = "{"u8.ToArray(),
        Length = 1,
    };
}

using System.Text;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using Xunit;

namespace FeatureActors.TestKit.Contracts;

/// <summary>What every <see cref="ICheckpointStore"/> does. A test class per adapter derives from it.</summary>
public abstract class CheckpointStoreContract
{
    private static readonly ShardId Shard = new("item", 3);
    private static readonly ShardIdentity Identity = new(16, "xx64-1", "log-a");
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>The store under test; empty at first, the same one within a test.</summary>
    protected abstract ValueTask<ICheckpointStore> OpenAsync();

    /// <summary>The store after its node was restarted; the same one where a restart means nothing.</summary>
    protected virtual ValueTask<ICheckpointStore> ReopenAsync() => OpenAsync();

    [Fact]
    public async Task First_acquire_creates_the_shard_with_epoch_one_and_nothing_else()
    {
        var store = await OpenAsync();
        var never = await store.ReadHeaderAsync(Shard, None);
        Assert.Equal(new Epoch(0), never.Epoch);
        Assert.Empty(await store.LoadAsync(Shard, [Utf8("a")], None));

        var acquired = await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);

        Assert.Equal(new Epoch(1), acquired.Epoch);
        Assert.Equal(0, acquired.EntityCount);
        Assert.False(acquired.HasUnpublished);
        AssertHeader(new ShardHeader(new Epoch(1), 0, 0, ReadOnlyMemory<byte>.Empty, long.MinValue, 0, 0), acquired.Header);
    }

    [Fact]
    public async Task Commit_is_read_back_whole_after_a_restart()
    {
        var store = await OpenAsync();
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);
        var header = Header(1, 7, 100) with { Marks = Utf8("marks"), ClockMs = -5, PublishedPosition = 90, PublishedBatch = 12 };
        var outcome = await store.CommitAsync(
            Shard, new Epoch(1), new CheckpointWrite(header, [Entity("a", "one", 10, true), Entity("b", "two", long.MaxValue)]), None);
        Assert.Equal(CommitOutcome.Committed, outcome);

        store = await ReopenAsync();
        AssertHeader(header, await store.ReadHeaderAsync(Shard, None));
        var acquired = await store.AcquireAsync(Shard, Identity, new ShardOwner("node-2", ""), None);

        AssertHeader(header with { Epoch = new Epoch(2) }, acquired.Header);
        Assert.Equal(new Epoch(2), acquired.Epoch);
        Assert.Equal(2, acquired.EntityCount);
        Assert.True(acquired.HasUnpublished);
        var loaded = await store.LoadAsync(Shard, [Utf8("b"), Utf8("missing"), Utf8("a")], None);
        Assert.Equal(["a=one@10!", "b=two@never"], loaded.Select(Show).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_owner_is_read_back_until_the_next_one_takes_over()
    {
        var store = await OpenAsync();
        Assert.Equal(ShardOwner.None, (await store.ReadHeaderAsync(Shard, None)).Owner);
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", "10.0.0.1:8080"), None);
        Assert.Equal("node-1", (await store.ReadHeaderAsync(Shard, None)).Owner.Name);

        store = await ReopenAsync();
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-2", "10.0.0.2:8080"), None);
        var owner = (await store.ReadHeaderAsync(Shard, None)).Owner;
        Assert.Equal("node-2", owner.Name);
        Assert.True(owner.Address is "10.0.0.2:8080" or "", owner.Address);
    }

    [Fact]
    public async Task Commit_of_a_former_owner_is_fenced_and_writes_nothing()
    {
        var store = await OpenAsync();
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);
        await store.CommitAsync(Shard, new Epoch(1), Write(1, 7, 100, Entity("a", "old", 10)), None);
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-2", ""), None);

        var outcome = await store.CommitAsync(Shard, new Epoch(1), Write(1, 8, 200, Entity("a", "new", 20)), None);

        Assert.Equal(CommitOutcome.Fenced, outcome);
        AssertHeader(Header(2, 7, 100), await store.ReadHeaderAsync(Shard, None));
        Assert.Equal(["a=old@10"], (await store.LoadAsync(Shard, [Utf8("a")], None)).Select(Show));
        var repeated = await store.CommitAsync(Shard, new Epoch(1), Write(1, 7, 100), None);
        Assert.Equal(CommitOutcome.Fenced, repeated);
    }

    [Fact]
    public async Task Commit_to_a_shard_never_acquired_or_under_an_epoch_never_granted_is_fenced()
    {
        var store = await OpenAsync();
        Assert.Equal(CommitOutcome.Fenced, await store.CommitAsync(Shard, new Epoch(1), Write(1, 1, 1), None));

        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);

        Assert.Equal(CommitOutcome.Fenced, await store.CommitAsync(Shard, new Epoch(2), Write(2, 1, 1), None));
    }

    [Fact]
    public async Task Repeated_commit_changes_nothing_and_answers_committed()
    {
        var store = await OpenAsync();
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);
        await store.CommitAsync(Shard, new Epoch(1), Write(1, 7, 100, Entity("a", "one", 10)), None);

        var outcome = await store.CommitAsync(Shard, new Epoch(1), Write(1, 7, 999, Entity("a", "two", 20)), None);

        Assert.Equal(CommitOutcome.Committed, outcome);
        Assert.Equal(100, (await store.ReadHeaderAsync(Shard, None)).NextOffset);
        Assert.Equal(["a=one@10"], (await store.LoadAsync(Shard, [Utf8("a")], None)).Select(Show));
    }

    [Fact]
    public async Task Commit_older_than_the_checkpoint_in_force_is_fenced_and_writes_nothing()
    {
        var store = await OpenAsync();
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);
        await store.CommitAsync(Shard, new Epoch(1), Write(1, 7, 100, Entity("a", "newer", 10)), None);

        var outcome = await store.CommitAsync(Shard, new Epoch(1), Write(1, 6, 90, Entity("a", "older", 10)), None);

        Assert.Equal(CommitOutcome.Fenced, outcome);
        AssertHeader(Header(1, 7, 100), await store.ReadHeaderAsync(Shard, None));
        Assert.Equal(["a=newer@10"], (await store.LoadAsync(Shard, [Utf8("a")], None)).Select(Show));
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(Shard, new Epoch(1), Write(1, 8, 110), None));
    }

    [Fact]
    public async Task Empty_state_deletes_the_row_and_deleting_a_missing_row_is_no_error()
    {
        var store = await OpenAsync();
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);
        await store.CommitAsync(Shard, new Epoch(1), Write(1, 1, 1, Entity("a", "one", 10, true)), None);

        await store.CommitAsync(Shard, new Epoch(1), Write(1, 2, 2, Entity("a", "", 10, true), Entity("b", "", 10)), None);

        Assert.Empty(await store.LoadAsync(Shard, [Utf8("a"), Utf8("b")], None));
        var acquired = await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);
        Assert.Equal(0, acquired.EntityCount);
        Assert.False(acquired.HasUnpublished);
    }

    [Fact]
    public async Task Other_partition_count_hash_or_log_is_refused_without_raising_the_epoch()
    {
        var store = await OpenAsync();
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);

        await AssertRefusedAsync(store, Identity with { PartitionCount = 32 }, "16", "32");
        await AssertRefusedAsync(store, Identity with { HashId = "xx64-2" }, "xx64-1", "xx64-2");
        await AssertRefusedAsync(store, Identity with { LogIdentity = "log-b" }, "log-a", "log-b");

        Assert.Equal(new Epoch(1), (await store.ReadHeaderAsync(Shard, None)).Epoch);
    }

    [Fact]
    public async Task Unknown_log_identity_is_learned_once_and_then_held()
    {
        var store = await OpenAsync();
        var unknown = Identity with { LogIdentity = "" };
        await store.AcquireAsync(Shard, unknown, new ShardOwner("node-1", ""), None);
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);
        await store.AcquireAsync(Shard, unknown, new ShardOwner("node-1", ""), None);

        await AssertRefusedAsync(store, Identity with { LogIdentity = "log-b" }, "log-a", "log-b");
    }

    [Fact]
    public async Task Due_entities_come_oldest_first_in_pages_and_never_those_due_never()
    {
        var store = await OpenAsync();
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);
        await store.CommitAsync(
            Shard,
            new Epoch(1),
            Write(1, 1, 1, Entity("z", "s", 10), Entity("a", "s", 20), Entity("b", "s", 10), Entity("c", "s", 21), Entity("n", "s", long.MaxValue)),
            None);

        var first = await store.ReadDueAsync(Shard, 20, null, 2, None);
        Assert.Equal(["b", "z"], first.Select(KeyOf));
        var second = await store.ReadDueAsync(Shard, 20, new DueCursor(10, Utf8("z")), 2, None);
        Assert.Equal(["a"], second.Select(KeyOf));
        var all = await store.ReadDueAsync(Shard, long.MaxValue, null, 9, None);
        Assert.Equal(["b", "z", "a", "c"], all.Select(KeyOf));
        Assert.Empty(await store.ReadDueAsync(Shard, 9, null, 9, None));
    }

    [Fact]
    public async Task Rewritten_entity_moves_in_the_due_order_and_leaves_or_joins_the_unpublished()
    {
        var store = await OpenAsync();
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);
        await store.CommitAsync(
            Shard, new Epoch(1), Write(1, 1, 1, Entity("a", "1", 10, true), Entity("b", "1", 20), Entity("c", "1", long.MaxValue)), None);

        await store.CommitAsync(
            Shard, new Epoch(1), Write(1, 2, 2, Entity("a", "2", 30), Entity("b", "2", 20, true), Entity("c", "2", 15)), None);

        var due = await store.ReadDueAsync(Shard, 100, null, 9, None);
        Assert.Equal(["c=2@15", "b=2@20!", "a=2@30"], due.Select(Show));
        var unpublished = await store.ReadKeysAsync(Shard, default, true, 9, None);
        Assert.Equal(["b=2@20!"], unpublished.Select(Show));
    }

    [Fact]
    public async Task Keys_come_in_bytewise_order_in_pages_all_or_only_unpublished_ones()
    {
        var store = await OpenAsync();
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);
        await store.CommitAsync(
            Shard, new Epoch(1), Write(1, 1, 1, Entity("ä", "s", 1, true), Entity("b", "s", 1), Entity("a", "s", 1, true), Entity("Z", "s", 1)), None);

        var none = ReadOnlyMemory<byte>.Empty;
        Assert.Equal(["Z", "a", "b", "ä"], (await store.ReadKeysAsync(Shard, none, false, 9, None)).Select(KeyOf));
        Assert.Equal(["b", "ä"], (await store.ReadKeysAsync(Shard, Utf8("a"), false, 9, None)).Select(KeyOf));
        Assert.Equal(["a"], (await store.ReadKeysAsync(Shard, none, true, 1, None)).Select(KeyOf));
        Assert.Equal(["ä"], (await store.ReadKeysAsync(Shard, Utf8("a"), true, 9, None)).Select(KeyOf));
    }

    [Fact]
    public async Task Store_keeps_its_own_copy_of_what_a_commit_was_given()
    {
        var store = await OpenAsync();
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);
        var state = "before"u8.ToArray();
        await store.CommitAsync(Shard, new Epoch(1), new CheckpointWrite(Header(1, 1, 1), [new StoredEntity(Utf8("a"), state, 1, false)]), None);

        "behind"u8.CopyTo(state);

        Assert.Equal(["a=before@1"], (await store.LoadAsync(Shard, [Utf8("a")], None)).Select(Show));
    }

    [Fact]
    public async Task Shards_do_not_see_each_other()
    {
        var store = await OpenAsync();
        var other = new ShardId("item", 4);
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);
        await store.AcquireAsync(other, Identity, new ShardOwner("node-1", ""), None);

        await store.CommitAsync(Shard, new Epoch(1), Write(1, 1, 5, Entity("a", "s", 1)), None);

        Assert.Empty(await store.LoadAsync(other, [Utf8("a")], None));
        Assert.Equal(0, (await store.ReadHeaderAsync(other, None)).NextOffset);
    }

    [Fact]
    public async Task Checkpoint_with_another_epoch_than_its_commit_or_id_zero_is_misuse()
    {
        var store = await OpenAsync();
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);

        await Assert.ThrowsAsync<ArgumentException>(async () =>
            await store.CommitAsync(Shard, new Epoch(1), Write(2, 1, 1), None));
        await Assert.ThrowsAsync<ArgumentException>(async () =>
            await store.CommitAsync(Shard, new Epoch(1), Write(1, 0, 1), None));
    }

    [Fact]
    public async Task Cancelled_commit_leaves_the_checkpoint_before_or_is_whole()
    {
        var store = await OpenAsync();
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), None);
        using CancellationTokenSource cancelled = new();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await store.CommitAsync(Shard, new Epoch(1), Write(1, 1, 5, Entity("a", "s", 1)), cancelled.Token));

        var header = await store.ReadHeaderAsync(Shard, None);
        var rows = await store.LoadAsync(Shard, [Utf8("a")], None);
        Assert.Equal(header.CheckpointId == 1 ? 1 : 0, rows.Count);
    }

    private static async Task AssertRefusedAsync(ICheckpointStore store, ShardIdentity identity, string stored, string current)
    {
        var refused = await Assert.ThrowsAsync<ShardMismatchException>(async () =>
            await store.AcquireAsync(Shard, identity, new ShardOwner("node-2", ""), None));
        Assert.Equal((stored, current), (refused.Stored, refused.Current));
    }

    // A commit does not write the owner.
    private static void AssertHeader(ShardHeader expected, ShardHeader actual)
    {
        Assert.Equal(expected.Marks.ToArray(), actual.Marks.ToArray());
        Assert.Equal(expected with { Marks = default }, actual with { Marks = default, Owner = expected.Owner });
    }

    private static ShardHeader Header(long epoch, long checkpointId, long nextOffset) =>
        new(new Epoch(epoch), checkpointId, nextOffset, ReadOnlyMemory<byte>.Empty, 0, 0, 0);

    private static CheckpointWrite Write(long epoch, long checkpointId, long nextOffset, params StoredEntity[] entities) =>
        new(Header(epoch, checkpointId, nextOffset), entities);

    private static StoredEntity Entity(string key, string state, long nextDueMs, bool isUnpublished = false) =>
        new(Utf8(key), Utf8(state), nextDueMs, isUnpublished);

    private static ReadOnlyMemory<byte> Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static string KeyOf(StoredEntity entity) => Encoding.UTF8.GetString(entity.Key.Span);

    private static string Show(StoredEntity entity)
    {
        var due = entity.NextDueMs == long.MaxValue ? "never" : $"{entity.NextDueMs}";
        return $"{KeyOf(entity)}={Encoding.UTF8.GetString(entity.State.Span)}@{due}{(entity.IsUnpublished ? "!" : "")}";
    }
}

using System.Text;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Persistence.Sql.Sqlite;

namespace FeatureActors.Persistence.Sql.Tests.Sqlite;

public sealed class SqliteStoresTests
{
    private static readonly ShardId Shard = new("item", 0);
    private static readonly ShardIdentity Identity = new(1, "hash", "log");
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Directory_held_by_somebody_else_is_refused_by_name()
    {
        await using TemporaryStores stores = new(new SqliteStoreOptions());
        await stores.OpenAsync();

        var refused = await Assert.ThrowsAsync<DataDirectoryLockedException>(async () =>
            await SqliteStores.OpenAsync(stores.Directory, new SqliteStoreOptions(), TimeProvider.System, None));

        Assert.Equal(stores.Directory, refused.Directory);
        Assert.Contains(stores.Directory, refused.Message, StringComparison.Ordinal);
        await stores.ReopenAsync(); // And the lock goes with its holder.
    }

    [Theory]
    [InlineData("catalog.db", 2)]
    [InlineData("state-item-0.db", 1)]
    [InlineData("log-item-0.db", 1)]
    public async Task File_of_a_newer_release_is_refused_by_name_and_version(string file, int known)
    {
        await using TemporaryStores stores = new(new SqliteStoreOptions());
        await OpenEverythingAsync(await stores.OpenAsync());
        await stores.CloseAsync();
        Execute(Path.Combine(stores.Directory, file), "PRAGMA user_version = 99");

        var refused = await Assert.ThrowsAsync<UnknownSchemaException>(async () => await OpenEverythingAsync(await stores.OpenAsync()));

        Assert.Equal((99, known), (refused.Stored, refused.Known));
        Assert.EndsWith(file, refused.File, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damaged_file_is_refused_by_name()
    {
        await using TemporaryStores stores = new(new SqliteStoreOptions());
        await File.WriteAllTextAsync(Path.Combine(stores.Directory, "catalog.db"), new string('x', 8192));

        var refused = await Assert.ThrowsAsync<CorruptStoreException>(async () => await stores.OpenAsync());

        Assert.EndsWith("catalog.db", refused.File, StringComparison.Ordinal);
        Assert.False(refused.IsTransient);
    }

    [Theory]
    [InlineData("../item")]
    [InlineData("a/b")]
    [InlineData("käse")]
    [InlineData("")]
    public async Task Entity_name_that_is_no_file_name_is_refused(string entity)
    {
        await using TemporaryStores stores = new(new SqliteStoreOptions());
        var opened = await stores.OpenAsync();

        await Assert.ThrowsAsync<ArgumentException>(async () => await opened.Log.OpenAsync(entity, 1, None));
        await Assert.ThrowsAsync<ArgumentException>(async () =>
            await opened.Checkpoints.AcquireAsync(new ShardId(entity, 0), Identity, new ShardOwner("node", ""), None));
    }

    [Fact]
    public async Task Full_disk_fails_the_checkpoint_and_the_one_before_stays_in_force()
    {
        await using TemporaryStores stores = new(new SqliteStoreOptions { PagesMax = 60 });
        var checkpoints = (await stores.OpenAsync()).Checkpoints;
        var epoch = (await checkpoints.AcquireAsync(Shard, Identity, new ShardOwner("node", ""), None)).Epoch;
        await checkpoints.CommitAsync(Shard, epoch, Checkpoint(epoch, 1, 10, 100), None);

        var failed = await Assert.ThrowsAsync<DependencyUnavailableException>(async () =>
            await checkpoints.CommitAsync(Shard, epoch, Checkpoint(epoch, 2, 1_000, 1_000), None));

        Assert.True(failed.IsTransient);
        Assert.Contains("full", failed.Message, StringComparison.Ordinal);
        Assert.Contains("state-item-0.db", failed.Dependency, StringComparison.Ordinal);
        Assert.Equal(1, (await checkpoints.ReadHeaderAsync(Shard, None)).CheckpointId);
        Assert.Equal(10, (await checkpoints.ReadKeysAsync(Shard, default, false, 9_999, None)).Count);

        // Space again (here: less to write): the same shard goes on.
        Assert.Equal(CommitOutcome.Committed, await checkpoints.CommitAsync(Shard, epoch, Checkpoint(epoch, 3, 20, 100), None));
        Assert.Equal(3, (await checkpoints.ReadHeaderAsync(Shard, None)).CheckpointId);
        Assert.Equal(20, (await checkpoints.ReadKeysAsync(Shard, default, false, 9_999, None)).Count);
    }

    [Fact]
    public async Task Full_disk_fails_an_append_and_the_log_goes_on_after_a_trim()
    {
        await using TemporaryStores stores = new(new SqliteStoreOptions { PagesMax = 50 });
        var log = (await stores.OpenAsync()).Log;
        await log.OpenAsync("item", 1, None);
        var batch = new byte[64 * 1024];
        var appended = 0;

        await Assert.ThrowsAsync<DependencyUnavailableException>(async () =>
        {
            while (appended < 50)
            {
                await log.AppendAsync(Shard, batch, None);
                appended++;
            }
        });

        Assert.InRange(appended, 2, 49);
        Assert.Equal(new LogRange(0, appended), await log.GetRangeAsync(Shard, None));
        await log.TrimAsync(Shard, appended, None);
        Assert.Equal(appended, await log.AppendAsync(Shard, batch, None));
    }

    [Fact]
    public async Task Missing_log_file_of_a_complete_log_is_refused_not_replaced()
    {
        await using TemporaryStores stores = new(new SqliteStoreOptions());
        await OpenEverythingAsync(await stores.OpenAsync());
        await stores.CloseAsync();
        foreach (var file in Directory.GetFiles(stores.Directory, "log-item-0.db*"))
        {
            File.Delete(file);
        }

        var refused = await Assert.ThrowsAsync<LogSetupException>(async () =>
            await (await stores.OpenAsync()).Log.OpenAsync("item", 1, None));

        Assert.Contains("log-item-0.db", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Log_file_of_another_directory_is_refused()
    {
        await using TemporaryStores first = new(new SqliteStoreOptions());
        await using TemporaryStores second = new(new SqliteStoreOptions());
        await OpenEverythingAsync(await first.OpenAsync());
        await OpenEverythingAsync(await second.OpenAsync());
        await first.CloseAsync();
        await second.CloseAsync();
        File.Copy(Path.Combine(first.Directory, "log-item-0.db"), Path.Combine(second.Directory, "log-item-0.db"), overwrite: true);

        await Assert.ThrowsAsync<LogSetupException>(async () => await (await second.OpenAsync()).Log.OpenAsync("item", 1, None));
    }

    [Fact]
    public async Task Loads_go_on_during_a_commit_and_see_a_whole_checkpoint()
    {
        await using TemporaryStores stores = new(new SqliteStoreOptions());
        var checkpoints = (await stores.OpenAsync()).Checkpoints;
        var epoch = (await checkpoints.AcquireAsync(Shard, Identity, new ShardOwner("node", ""), None)).Epoch;
        await checkpoints.CommitAsync(Shard, epoch, Checkpoint(epoch, 1, 2_000, 1), None);
        var committing = Task.Run(async () =>
        {
            for (var id = 2; id < 22; id++)
            {
                await checkpoints.CommitAsync(Shard, epoch, Checkpoint(epoch, id, 2_000, id), None);
            }
        });
        ReadOnlyMemory<byte>[] keys = [Key(0), Key(1_000), Key(1_999)];

        do
        {
            var sizes = (await checkpoints.LoadAsync(Shard, keys, None)).Select(static entity => entity.State.Length).ToList();
            Assert.Equal(3, sizes.Count);
            Assert.Single(sizes.Distinct());
        }
        while (!committing.IsCompleted);

        await committing;
    }

    [Fact]
    public async Task Closed_stores_refuse_calls_and_wake_waiting_readers()
    {
        await using TemporaryStores stores = new(new SqliteStoreOptions());
        var opened = await stores.OpenAsync();
        await OpenEverythingAsync(opened);
        await using var reader = await opened.Log.ReadFromAsync(Shard, 0, None);
        var waiting = reader.ReadAsync(1024, None).AsTask();

        await stores.CloseAsync();

        await Assert.ThrowsAnyAsync<ObjectDisposedException>(() => waiting.WaitAsync(TimeSpan.FromSeconds(30)));
        await Assert.ThrowsAnyAsync<ObjectDisposedException>(async () => await opened.Log.AppendAsync(Shard, default, None));
        await Assert.ThrowsAnyAsync<ObjectDisposedException>(async () => await opened.Checkpoints.ReadHeaderAsync(Shard, None));
        await opened.DisposeAsync();
    }

    [Fact]
    public async Task Due_and_unpublished_reads_use_their_partial_indexes()
    {
        await using TemporaryStores stores = new(new SqliteStoreOptions());
        await OpenEverythingAsync(await stores.OpenAsync());
        await stores.CloseAsync();
        var file = Path.Combine(stores.Directory, "state-item-0.db");

        Assert.Contains("entities_due", Explain(file, SqliteShardState.DueSql), StringComparison.Ordinal);
        Assert.DoesNotContain("TEMP B-TREE", Explain(file, SqliteShardState.DueSql), StringComparison.Ordinal);
        Assert.Contains("entities_due", Explain(file, SqliteShardState.OldestDueSql), StringComparison.Ordinal);
        Assert.Contains("entities_unpublished", Explain(file, SqliteShardState.UnpublishedSql), StringComparison.Ordinal);
    }

    private static async Task OpenEverythingAsync(SqliteStores stores)
    {
        await stores.Log.OpenAsync("item", 1, None);
        await stores.Checkpoints.AcquireAsync(Shard, Identity, new ShardOwner("node", ""), None);
    }

    private static CheckpointWrite Checkpoint(Epoch epoch, long id, int rows, int stateBytes) => new(
        new ShardHeader(epoch, id, id, ReadOnlyMemory<byte>.Empty, 0, 0, 0),
        [.. Enumerable.Range(0, rows).Select(row => new StoredEntity(Key(row), new byte[stateBytes], long.MaxValue, false))]);

    private static ReadOnlyMemory<byte> Key(int row) => Encoding.UTF8.GetBytes($"key-{row}");

    private static void Execute(string file, string sql)
    {
        using var database = OpenRaw(file);
        database.Execute(sql);
    }

    private static string Explain(string file, string sql)
    {
        using var database = OpenRaw(file);
        var plan = database.Statement($"EXPLAIN QUERY PLAN {sql}");
        StringBuilder text = new();
        while (plan.Step())
        {
            text.AppendLine(plan.Text(3));
        }

        return text.ToString();
    }

    private static SqliteDatabase OpenRaw(string file) => SqliteDatabase.OpenWriter(
        file, new SqliteFileProfile(4096, 512, 1024 * 1024, SqliteDurability.Process, 0), Path.GetFileName(file) == "catalog.db" ? SqliteSchemas.Catalog : SqliteSchemas.Log);
}

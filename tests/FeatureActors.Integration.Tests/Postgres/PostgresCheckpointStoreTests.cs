using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.LocalServers;
using FeatureActors.Persistence.Sql.Postgres;
using FeatureActors.Persistence.Sql.Sqlite;
using FeatureActors.TestKit.Contracts;
using Npgsql;

namespace FeatureActors.Integration.Tests.Postgres;

[Collection(SharedServers.Name)]
[Trait("Category", "Integration")]
public sealed class PostgresCheckpointStoreTests(PostgresFixture postgres) : CheckpointStoreContract, IAsyncLifetime
{
    private static readonly ShardId Shard = new("item", 0);
    private static readonly ShardIdentity Identity = new(4, "hash", "log");

    private readonly string _schema = $"t{Guid.NewGuid():N}";
    private readonly List<PostgresStores> _stores = [];

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (PostgresStores store in _stores)
        {
            await store.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_former_owner_frozen_inside_its_commit_is_ended_by_the_one_who_takes_over()
    {
        ICheckpointStore store = (await NewAsync()).Checkpoints;
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), default);
        await using var frozen = new NpgsqlConnection(postgres.Server.ConnectionString + ";Pooling=false");
        await frozen.OpenAsync();
        await using NpgsqlTransaction transaction = await frozen.BeginTransactionAsync();
        await using (var hold = new NpgsqlCommand($"SELECT 1 FROM \"{_schema}\".shards FOR UPDATE", frozen))
        {
            await hold.ExecuteNonQueryAsync();
        }

        ShardCheckpoint taken = await (await NewAsync()).Checkpoints.AcquireAsync(Shard, Identity, new ShardOwner("node-2", ""), default);

        Assert.Equal(new Epoch(2), taken.Epoch);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => transaction.CommitAsync());
    }

    [Fact]
    public async Task Thousands_of_entities_are_counted_as_they_come_change_and_go()
    {
        ICheckpointStore store = (await NewAsync()).Checkpoints;
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), default);
        StoredEntity[] entities =
            [.. Enumerable.Range(0, 5_000).Select(static i => new StoredEntity(BitConverter.GetBytes(i), new byte[1 + (i % 3_000)], i, i % 7 == 0))];
        await store.CommitAsync(Shard, new Epoch(1), Write(1, entities), default);
        await store.CommitAsync(
            Shard, new Epoch(1), Write(2, [.. entities.Take(2_000).Select(static e => e with { State = default }), .. entities.TakeLast(100)]), default);

        ShardCheckpoint taken = await store.AcquireAsync(Shard, Identity, new ShardOwner("node-2", ""), default);

        Assert.Equal(3_000, taken.EntityCount);
        IReadOnlyList<StoredEntity> loaded = await store.LoadAsync(Shard, [.. entities.Select(static e => e.Key)], default);
        Assert.Equal(3_000, loaded.Count);
        Assert.All(loaded, static e => Assert.Equal(1 + (BitConverter.ToInt32(e.Key.Span) % 3_000), e.State.Length));
    }

    [Fact]
    public async Task Nodes_that_start_together_make_the_schema_once()
    {
        PostgresStores[] stores = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => NewAsync()));

        Assert.Equal(new Epoch(1), (await stores[3].Checkpoints.AcquireAsync(Shard, Identity, new ShardOwner("node-3", ""), default)).Epoch);
        Assert.Equal(new Epoch(1), (await stores[0].Checkpoints.ReadHeaderAsync(Shard, default)).Epoch);
    }

    [Fact]
    public async Task A_schema_of_a_newer_release_is_refused()
    {
        await NewAsync();
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(postgres.Server.ConnectionString);
        await using (NpgsqlCommand raise = source.CreateCommand($"INSERT INTO \"{_schema}\".schema_version VALUES (99)"))
        {
            await raise.ExecuteNonQueryAsync();
        }

        UnknownSchemaException refused = await Assert.ThrowsAsync<UnknownSchemaException>(NewAsync);

        Assert.Equal(99, refused.Stored);
        Assert.Contains("schema version 99", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_schema_of_a_newer_release_that_says_it_only_added_is_used()
    {
        await NewAsync();
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(postgres.Server.ConnectionString);
        await using (NpgsqlCommand raise = source.CreateCommand(
            $"INSERT INTO \"{_schema}\".schema_version VALUES (99, 1); ALTER TABLE \"{_schema}\".shards ADD COLUMN later integer DEFAULT 7"))
        {
            await raise.ExecuteNonQueryAsync();
        }

        ICheckpointStore store = (await NewAsync()).Checkpoints;

        Assert.Equal(new Epoch(1), (await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), default)).Epoch);
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(Shard, new Epoch(1), Write(1, []), default));
    }

    [Fact]
    public async Task Whoever_does_not_read_the_newest_format_that_was_written_is_refused()
    {
        await (await NewAsync()).NoteFormatAsync(newestRead: 1, written: 1, default);
        await (await NewAsync()).NoteFormatAsync(newestRead: 2, written: 1, default);
        await (await NewAsync()).NoteFormatAsync(newestRead: 1, written: 1, default);
        await (await NewAsync()).NoteFormatAsync(newestRead: 2, written: 2, default);
        PostgresStores older = await NewAsync();

        UnreadableFormatException refused = await Assert.ThrowsAsync<UnreadableFormatException>(async () => await older.NoteFormatAsync(1, 1, default));

        Assert.Equal(2, refused.Written);
        Assert.Contains("they write format 2 into logs and states, this release reads up to 1", refused.Message, StringComparison.Ordinal);
        await (await NewAsync()).NoteFormatAsync(newestRead: 2, written: 1, default);
        await Assert.ThrowsAsync<UnreadableFormatException>(async () => await older.NoteFormatAsync(1, 1, default));
    }

    [Fact]
    public async Task A_running_node_goes_on_while_the_next_release_adds_to_the_schema()
    {
        ICheckpointStore store = (await NewAsync()).Checkpoints;
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), default);
        await store.CommitAsync(Shard, new Epoch(1), Write(1, [new StoredEntity(new byte[] { 1 }, new byte[] { 2 }, 3, true)]), default);
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(postgres.Server.ConnectionString);
        await using (NpgsqlCommand migrate = source.CreateCommand(
            $"ALTER TABLE \"{_schema}\".shards ADD COLUMN later integer; ALTER TABLE \"{_schema}\".entities ADD COLUMN later text; CREATE TABLE \"{_schema}\".later (x int)"))
        {
            await migrate.ExecuteNonQueryAsync();
        }

        Assert.Equal(
            CommitOutcome.Committed,
            await store.CommitAsync(Shard, new Epoch(1), Write(2, [new StoredEntity(new byte[] { 1 }, new byte[] { 5 }, 3, true)]), default));
        Assert.Equal([5], Assert.Single(await store.LoadAsync(Shard, [new byte[] { 1 }], default)).State.ToArray());
    }

    [Fact]
    public async Task A_user_who_may_not_create_schemas_uses_one_that_was_made_for_him()
    {
        string user = $"u{Guid.NewGuid():N}";
        await using (NpgsqlDataSource source = NpgsqlDataSource.Create(postgres.Server.ConnectionString))
        await using (NpgsqlCommand make = source.CreateCommand($"CREATE USER {user}; CREATE SCHEMA \"{_schema}\" AUTHORIZATION {user}"))
        {
            await make.ExecuteNonQueryAsync();
        }

        await using PostgresStores stores = await PostgresStores.OpenAsync(PostgresSettings.For(postgres.Server, _schema, user), default);

        Assert.Equal(new Epoch(1), (await stores.Checkpoints.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), default)).Epoch);
        var refused = await Assert.ThrowsAsync<DependencyUnavailableException>(async () =>
            await PostgresStores.OpenAsync(PostgresSettings.For(postgres.Server, _schema + "x", user), default));
        Assert.Contains("GRANT CREATE ON DATABASE", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_away_is_named_without_its_password_and_found_again()
    {
        await using PostgresServer server = await PostgresServer.StartAsync();
        await using PostgresStores stores = await PostgresStores.OpenAsync(PostgresSettings.For(server, _schema, password: "secret-word"), default);
        ICheckpointStore store = stores.Checkpoints;
        await store.AcquireAsync(Shard, Identity, new ShardOwner("node-1", ""), default);
        await server.KillAsync(CancellationToken.None);

        var away = await Assert.ThrowsAsync<DependencyUnavailableException>(async () =>
            await store.CommitAsync(Shard, new Epoch(1), Write(1, []), default));
        Assert.DoesNotContain("secret-word", away.ToString(), StringComparison.Ordinal);
        Assert.True(away.IsTransient);

        await server.RestartAsync(CancellationToken.None);
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(Shard, new Epoch(1), Write(1, []), default));
    }

    protected override async ValueTask<ICheckpointStore> OpenAsync() => (_stores.Count > 0 ? _stores[^1] : await NewAsync()).Checkpoints;

    protected override async ValueTask<ICheckpointStore> ReopenAsync()
    {
        await _stores[^1].DisposeAsync();
        return (await NewAsync()).Checkpoints;
    }

    private static CheckpointWrite Write(long id, IReadOnlyList<StoredEntity> entities) =>
        new(new ShardHeader(new Epoch(1), id, id * 10, ReadOnlyMemory<byte>.Empty, 0, 0, 0), entities);

    private async Task<PostgresStores> NewAsync()
    {
        PostgresStores store = await PostgresStores.OpenAsync(PostgresSettings.For(postgres.Server, _schema), default);
        lock (_stores)
        {
            _stores.Add(store);
        }

        return store;
    }
}

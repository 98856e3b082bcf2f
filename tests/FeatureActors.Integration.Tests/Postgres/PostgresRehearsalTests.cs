using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Persistence.Sql.Leases;
using FeatureActors.Persistence.Sql.Postgres;
using FeatureActors.TestKit.Contracts;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace FeatureActors.Integration.Tests.Postgres;

/// <summary>The tables that a node warms up in are as good as the real ones, and apart from them.</summary>
[Collection(SharedServers.Name)]
[Trait("Category", "Integration")]
public sealed class PostgresRehearsalTests(PostgresFixture postgres) : CheckpointStoreContract, IAsyncLifetime
{
    private static readonly ShardId Shard = new("item", 0);
    private static readonly ShardIdentity Identity = new(4, "hash", "log");

    private readonly string _schema = $"t{Guid.NewGuid():N}";
    private PostgresStores _stores = null!;
    private PostgresRehearsal _rehearsal = null!;

    public async Task InitializeAsync()
    {
        _stores = await PostgresStores.OpenAsync(PostgresSettings.For(postgres.Server, _schema), default);
        _rehearsal = await _stores.OpenRehearsalAsync(default);
    }

    public async Task DisposeAsync()
    {
        await _rehearsal.DisposeAsync();
        await _stores.DisposeAsync();
    }

    [Fact]
    public async Task Nothing_of_it_is_in_the_tables_of_the_schema()
    {
        ShardCheckpoint taken = await _rehearsal.Checkpoints.AcquireAsync(Shard, Identity, new ShardOwner("node", ""), default);
        var header = new ShardHeader(taken.Epoch, 1, 7, ReadOnlyMemory<byte>.Empty, 0, 0, 0);
        await _rehearsal.Checkpoints.CommitAsync(
            Shard, taken.Epoch, new CheckpointWrite(header, [new StoredEntity(new byte[] { 1 }, new byte[] { 2 }, 3, false)]), default);

        Assert.Equal(7, (await _rehearsal.Checkpoints.ReadHeaderAsync(Shard, default)).NextOffset);
        Assert.Equal(new Epoch(0), (await _stores.Checkpoints.ReadHeaderAsync(Shard, default)).Epoch);
        Assert.Equal(0L, await ScalarAsync($"SELECT count(*) FROM \"{_schema}\".entities"));
    }

    [Fact]
    public async Task When_its_connection_breaks_it_finds_no_tables_rather_than_those_of_the_schema()
    {
        await _rehearsal.Checkpoints.AcquireAsync(Shard, Identity, new ShardOwner("node", ""), default);
        await ScalarAsync("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%INSERT INTO shards AS s%' AND pid <> pg_backend_pid()");

        for (int attempt = 0; attempt < 2; attempt++)
        {
            await Assert.ThrowsAsync<DependencyUnavailableException>(
                async () => await _rehearsal.Checkpoints.AcquireAsync(Shard, Identity, new ShardOwner("node", ""), default));
        }

        Assert.Equal(0L, await ScalarAsync($"SELECT count(*) FROM \"{_schema}\".shards"));
    }

    [Fact]
    public async Task Its_members_hand_shards_to_each_other_and_are_unknown_to_those_of_the_schema()
    {
        var options = new LeaseOptions { Owner = "node", Duration = TimeSpan.FromSeconds(1), Renew = TimeSpan.FromMilliseconds(200) };
        await using IShardOwnership first = _rehearsal.CreateOwnership(options, TimeProvider.System, NullLogger.Instance);
        await using IShardOwnership second = _rehearsal.CreateOwnership(options, TimeProvider.System, NullLogger.Instance);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var entities = new Dictionary<string, int> { ["item"] = 1 };
        await using IAsyncEnumerator<OwnershipChange> giver = first.WatchAsync(entities, stop.Token).GetAsyncEnumerator(stop.Token);
        await giver.MoveNextAsync();
        await using IAsyncEnumerator<OwnershipChange> heir = second.WatchAsync(entities, stop.Token).GetAsyncEnumerator(stop.Token);
        ValueTask<bool> given = heir.MoveNextAsync();
        while (!await first.RetireAsync(stop.Token))
        {
            await Task.Yield();
        }

        await giver.MoveNextAsync();
        Assert.False(giver.Current.IsAssigned);
        ValueTask<bool> ended = giver.MoveNextAsync();
        Assert.True(await given);
        Assert.True(heir.Current.IsAssigned);
        Assert.False(await ended);
        Assert.Equal(0L, await ScalarAsync($"SELECT count(*) FROM \"{_schema}\".lease_members"));
    }

    protected override ValueTask<ICheckpointStore> OpenAsync() => ValueTask.FromResult(_rehearsal.Checkpoints);

    private async Task<long> ScalarAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(postgres.Server.ConnectionString + ";Pooling=false");
        await using NpgsqlCommand command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}

using System.Collections.Concurrent;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Persistence.Sql.Leases;
using FeatureActors.Persistence.Sql.Postgres;
using FeatureActors.TestKit.Contracts;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace FeatureActors.Integration.Tests.Postgres;

[Collection(SharedServers.Name)]
[Trait("Category", "Integration")]
public sealed class LeaseOwnershipTests(PostgresFixture postgres) : ShardOwnershipContract, IAsyncLifetime
{
    private static readonly Dictionary<string, int> Items = new() { ["item"] = 4 };

    private readonly string _schema = $"t-{Guid.NewGuid():N}";
    private PostgresStores _stores = null!;

    public async Task InitializeAsync() => _stores = await PostgresStores.OpenAsync(PostgresSettings.For(postgres.Server, _schema), default);

    public async Task DisposeAsync() => await _stores.DisposeAsync();

    [Fact]
    public async Task The_shards_of_a_silent_member_are_taken_when_its_time_is_over_and_not_before()
    {
        await using IShardOwnership first = New();
        using var stop = new CancellationTokenSource(Patience);
        long silentSince = 0;
        await foreach (OwnershipChange change in first.WatchAsync(Items, stop.Token))
        {
            if (change.Generation == 1)
            {
                silentSince = TimeProvider.System.GetTimestamp();
                await ExecuteAsync("INSERT INTO lease_members VALUES ('dead/1', 'dead', clock_timestamp() + interval '1500 ms')");
                await ExecuteAsync("UPDATE leases SET member = 'dead/1'");
            }
            else if (change is { IsAssigned: true, Generation: > 4 })
            {
                break;
            }
        }

        Assert.InRange(TimeProvider.System.GetElapsedTime(silentSince), TimeSpan.FromMilliseconds(1_500), TimeSpan.FromSeconds(10));
        Assert.Equal(0L, await ScalarAsync("SELECT count(*) FROM lease_members WHERE owner = 'dead'"));
    }

    [Fact]
    public async Task Who_was_ended_by_others_hears_that_he_lost_everything_and_joins_again()
    {
        await using IShardOwnership ownership = New();
        using var stop = new CancellationTokenSource(Patience);
        var held = new HashSet<ShardId>();
        var lost = new HashSet<ShardId>();
        await foreach (OwnershipChange change in ownership.WatchAsync(Items, stop.Token))
        {
            _ = change.IsAssigned ? held.Add(change.Shard) : held.Remove(change.Shard) && lost.Add(change.Shard);
            if (held.Count == 4 && lost.Count == 0)
            {
                await ExecuteAsync("UPDATE leases SET member = NULL; DELETE FROM lease_members");
            }
            else if (held.Count == 4)
            {
                break;
            }
        }

        Assert.Equal(4, lost.Count);
    }

    [Fact]
    public async Task A_shard_on_its_way_is_nobody_elses_until_its_holder_has_let_go_of_it()
    {
        await using IShardOwnership ownership = New();
        using var stop = new CancellationTokenSource(Patience);
        await using IAsyncEnumerator<OwnershipChange> holder = ownership.WatchAsync(Items, stop.Token).GetAsyncEnumerator();
        for (int i = 0; i < 4; i++)
        {
            Assert.True(await holder.MoveNextAsync());
        }

        await using IShardOwnership other = New();
        await using IAsyncEnumerator<OwnershipChange> joiner = other.WatchAsync(Items, stop.Token).GetAsyncEnumerator();
        Task<bool> gained = joiner.MoveNextAsync().AsTask();
        Assert.True(await holder.MoveNextAsync());
        Assert.False(holder.Current.IsAssigned);
        ShardId moving = holder.Current.Shard;

        // Its holder still works on it: more rounds than one lease lasts change nothing.
        long rounds = await ScalarAsync("SELECT extract(epoch FROM max(expires))::bigint FROM lease_members");
        await Eventually.NothingDiffersAsync(
            "a lease's time passes", Patience,
            async () => await ScalarAsync("SELECT extract(epoch FROM max(expires))::bigint FROM lease_members") >= rounds + 2 ? null : "not yet");
        Assert.False(gained.IsCompleted);

        Task<bool> rest = holder.MoveNextAsync().AsTask();
        Assert.True(await gained);
        Assert.Equal(moving, joiner.Current.Shard);
        Assert.True(await rest);
    }

    [Fact]
    public async Task Who_retires_gives_one_shard_after_the_other_and_only_what_he_let_go_of()
    {
        await using IShardOwnership leaving = New();
        await using IShardOwnership staying = New();
        using var stop = new CancellationTokenSource(Patience);
        await using IAsyncEnumerator<OwnershipChange> leaver = leaving.WatchAsync(Items, stop.Token).GetAsyncEnumerator();
        for (int i = 0; i < 4; i++)
        {
            Assert.True(await leaver.MoveNextAsync());
        }

        Assert.False(await leaving.RetireAsync(stop.Token), "nobody else is there");
        var gained = new ConcurrentQueue<ShardId>();
        Task watching = WatchAsync(staying, gained, stop.Token);
        var lost = new List<ShardId>();
        Task<bool>? retiring = null;
        while (await leaver.MoveNextAsync())
        {
            Assert.False(leaver.Current.IsAssigned);
            Assert.DoesNotContain(leaver.Current.Shard, gained);
            lost.Add(leaver.Current.Shard);
            retiring ??= leaving.RetireAsync(stop.Token).AsTask();
        }

        Assert.True(await retiring!);
        Assert.Equal(4, lost.Distinct().Count());
        await Eventually.HoldsAsync("the other has all", Patience, () => gained.Count == 4, () => $"{gained.Count}");
        await stop.CancelAsync();
        await watching;
    }

    private static async Task WatchAsync(IShardOwnership ownership, ConcurrentQueue<ShardId> gained, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (OwnershipChange change in ownership.WatchAsync(Items, cancellationToken))
            {
                Assert.True(change.IsAssigned);
                gained.Enqueue(change.Shard);
            }
        }
        catch (OperationCanceledException)
        {
            // How a member leaves.
        }
    }

    protected override Task<IShardOwnership> NewOwnershipAsync(IReadOnlyDictionary<string, int> entities) => Task.FromResult(New());

    private IShardOwnership New() => _stores.CreateOwnership(
        new LeaseOptions { Owner = "node", Duration = TimeSpan.FromSeconds(1), Renew = TimeSpan.FromMilliseconds(200) }, TimeProvider.System, NullLogger.Instance);

    private async Task ExecuteAsync(string sql)
    {
        await using NpgsqlDataSource source = Source();
        await using NpgsqlCommand command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task<long> ScalarAsync(string sql)
    {
        await using NpgsqlDataSource source = Source();
        await using NpgsqlCommand command = source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private NpgsqlDataSource Source() => NpgsqlDataSource.Create(postgres.Server.ConnectionString + $";Pooling=false;Search Path=\"{_schema}\"");
}

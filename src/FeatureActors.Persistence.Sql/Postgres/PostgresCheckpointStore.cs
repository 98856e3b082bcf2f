using System.Collections.Concurrent;
using System.Net.Sockets;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using Npgsql;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary>
/// <see cref="ICheckpointStore"/> over PostgreSQL, shared by all nodes of a namespace. Each shard commits over a connection of its
/// own, which is made at need; reads share a pool.
/// </summary>
public sealed class PostgresCheckpointStore : ICheckpointStore, IAsyncDisposable
{
    private readonly NpgsqlDataSource _source;
    private readonly PostgresStoreOptions _options;
    private readonly string _name;
    private readonly ConcurrentDictionary<ShardId, PostgresShard> _shards = [];

    private PostgresCheckpointStore(NpgsqlDataSource source, PostgresStoreOptions options, string name)
    {
        _source = source;
        _options = options;
        _name = name;
    }

    /// <summary>Connects and brings the schema up to date.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    /// <exception cref="DependencyUnavailableException">The server does not answer or refuses.</exception>
    /// <exception cref="Sqlite.UnknownSchemaException">A newer release wrote the schema.</exception>
    public static async ValueTask<PostgresCheckpointStore> OpenAsync(PostgresStoreOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.CommandTimeout, TimeSpan.FromSeconds(1), nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.TakeOverPatience, TimeSpan.FromMilliseconds(100), nameof(options));
        if (options.Schema.Length is 0 or > 63 || !options.Schema.All(static c => char.IsAsciiLetterOrDigit(c) || c == '_'))
        {
            throw new ArgumentException($"the schema '{options.Schema}' has other characters than letters, digits and _", nameof(options));
        }

        var builder = new NpgsqlConnectionStringBuilder(options.ConnectionString)
        {
            SearchPath = options.Schema,
            CommandTimeout = (int)options.CommandTimeout.TotalSeconds,
            ApplicationName = "feature-actors",

            // A server may be set to answer before it wrote; the log below a checkpoint is trimmed once it is committed.
            Options = "-c synchronous_commit=on",
        };
        string name = $"postgresql at {builder.Host}:{builder.Port}/{builder.Database}";
        NpgsqlDataSource source = NpgsqlDataSource.Create(builder);
        var store = new PostgresCheckpointStore(source, options, name);
        try
        {
            await store.RunAsync("open the schema " + options.Schema, async connection =>
            {
                using (var create = new NpgsqlCommand($"CREATE SCHEMA IF NOT EXISTS \"{options.Schema}\"", connection))
                {
                    await create.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
                }

                await PostgresSchema.MigrateAsync(connection, options.Schema, cancellationToken).ConfigureAwait(false);
                return true;
            }, cancellationToken).ConfigureAwait(false);
            return store;
        }
        catch
        {
            await store.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<ShardCheckpoint> AcquireAsync(
        ShardId shard, ShardIdentity identity, string owner, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(identity);
        return GuardAsync($"acquire shard {shard}", token => Find(shard).AcquireAsync(identity, owner, token), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<CommitOutcome> CommitAsync(
        ShardId shard, Epoch epoch, CheckpointWrite checkpoint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (checkpoint.Header.Epoch != epoch || checkpoint.Header.CheckpointId == 0)
        {
            throw new ArgumentException(
                $"a checkpoint carries its writer's epoch and an id other than 0 (shard {shard}, epoch {epoch}, header {checkpoint.Header.Epoch}, id {checkpoint.Header.CheckpointId})",
                nameof(checkpoint));
        }

        return GuardAsync($"commit a checkpoint of shard {shard}", token => Find(shard).CommitAsync(epoch, checkpoint, token), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<ShardHeader> ReadHeaderAsync(ShardId shard, CancellationToken cancellationToken) =>
        RunAsync($"read shard {shard}", connection => PostgresReads.HeaderAsync(connection, shard, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredEntity>> LoadAsync(
        ShardId shard, IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken) =>
        keys.Count == 0
            ? ValueTask.FromResult<IReadOnlyList<StoredEntity>>([])
            : RunAsync($"load entities of shard {shard}", connection => PostgresReads.LoadAsync(connection, shard, keys, cancellationToken), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredEntity>> ReadDueAsync(
        ShardId shard, long dueAtOrBeforeMs, DueCursor? after, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return RunAsync(
            $"read due entities of shard {shard}",
            connection => PostgresReads.DueAsync(connection, shard, dueAtOrBeforeMs, after, limit, cancellationToken),
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<StoredEntity>> ReadKeysAsync(
        ShardId shard, ReadOnlyMemory<byte> after, bool onlyUnpublished, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return RunAsync(
            $"read entities of shard {shard}",
            connection => PostgresReads.KeysAsync(connection, shard, after, onlyUnpublished, limit, cancellationToken),
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<long> ReadClockAsync(CancellationToken cancellationToken) => RunAsync(
        "read the clock",
        async connection =>
        {
            using var command = new NpgsqlCommand("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", connection);
            return (long)(await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false))!;
        },
        cancellationToken);

    /// <summary>Closes all connections; calls still waiting fail.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (ShardId id in _shards.Keys)
        {
            if (_shards.TryRemove(id, out PostgresShard? shard))
            {
                await shard.DisposeAsync().ConfigureAwait(false);
            }
        }

        await _source.DisposeAsync().ConfigureAwait(false);
    }

    private PostgresShard Find(ShardId shard) =>
        _shards.GetOrAdd(shard, static (id, store) => new PostgresShard(id, store._source, store._options), this);

    private ValueTask<T> RunAsync<T>(string what, Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken) => GuardAsync(
        what,
        async token =>
        {
            using NpgsqlConnection connection = await _source.OpenConnectionAsync(token).ConfigureAwait(false);
            return await work(connection).ConfigureAwait(false);
        },
        cancellationToken);

    /// <summary>What the driver throws becomes ours; the server's message may hold no data of ours but names of tables.</summary>
    private async ValueTask<T> GuardAsync<T>(string what, Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            return await work(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or SocketException or IOException or ObjectDisposedException
            && !cancellationToken.IsCancellationRequested)
        {
            string detail = error is PostgresException server ? $"{server.SqlState} {server.MessageText}" : error.Message;
            throw new DependencyUnavailableException(_name, $"could not {what}: {detail}", error);
        }
    }
}

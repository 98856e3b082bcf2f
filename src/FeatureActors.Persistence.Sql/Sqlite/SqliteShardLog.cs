using System.Collections.Concurrent;
using System.Globalization;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>
/// The embedded shard log: one file per shard, so that an append waits for no checkpoint and for no other shard. Appends that
/// queue up share one transaction.
/// </summary>
internal sealed class SqliteShardLog : IShardLog
{
    // 64 KiB batches lie in few large pages; 16 K pages insert 2.5 times as fast as 4 K ones.
    private const int PageBytes = 16 * 1024;

    // Entries are written and read once, in order: there is nothing to keep in a cache. A writer's pages wait in it for the end of
    // their transaction; what does not fit goes to the write-ahead log at once.
    private const int WriterCacheKiB = 256;
    internal const int ReaderCacheKiB = 64;

    private const long WalBytes = 8 * 1024 * 1024;

    private readonly DataDirectory _directory;
    private readonly SqliteCatalog _catalog;
    private readonly SqliteStoreOptions _options;
    private readonly SqliteFileProfile _profile;
    private readonly SemaphoreSlim _appends;
    private readonly SemaphoreSlim _reads;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly ConcurrentDictionary<string, string> _identities = [];
    private readonly ConcurrentDictionary<ShardId, SqliteLogPartition> _partitions = [];
    private bool _isDisposed;

    public SqliteShardLog(DataDirectory directory, SqliteCatalog catalog, SqliteStoreOptions options)
    {
        _directory = directory;
        _catalog = catalog;
        _options = options;
        _profile = new SqliteFileProfile(PageBytes, WriterCacheKiB, WalBytes, options.Durability, options.PagesMax);
        _appends = new SemaphoreSlim(options.ConcurrencyMax);
        _reads = new SemaphoreSlim(options.ConcurrencyMax);
    }

    /// <inheritdoc/>
    public async ValueTask<string> OpenAsync(string entity, int partitions, CancellationToken cancellationToken)
    {
        DataDirectory.RequireFileSafe(entity);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(partitions);
        await _opening.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_isDisposed, typeof(SqliteStores));
            var entry = await _catalog.RunAsync(database => Register(database, entity, partitions), cancellationToken).ConfigureAwait(false);
            if (!_identities.ContainsKey(entity))
            {
                await OpenPartitionsAsync(entity, partitions, entry, cancellationToken).ConfigureAwait(false);
            }

            return entry.Identity;
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<long> AppendAsync(ShardId shard, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken) =>
        batch.Length > _options.BatchBytesMax
            ? throw new BatchRefusedException(
                shard, $"the batch has {batch.Length} bytes, the log takes at most {_options.BatchBytesMax} (BatchBytesMax)")
            : await Find(shard).AppendAsync(batch, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<LogRange> GetRangeAsync(ShardId shard, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<LogRange>(cancellationToken)
            : ValueTask.FromResult(Find(shard).Range);

    /// <inheritdoc/>
    public ValueTask<IShardLogReader> ReadFromAsync(ShardId shard, long nextOffset, CancellationToken cancellationToken) =>
        cancellationToken.IsCancellationRequested
            ? ValueTask.FromCanceled<IShardLogReader>(cancellationToken)
            : ValueTask.FromResult<IShardLogReader>(new SqliteLogReader(Find(shard), nextOffset));

    /// <inheritdoc/>
    public async ValueTask TrimAsync(ShardId shard, long nextOffset, CancellationToken cancellationToken) =>
        await Find(shard).TrimAsync(nextOffset, cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _opening.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            foreach (var partition in _partitions.Values)
            {
                await partition.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Finds the log's row or makes one; a log is complete once all its files were made.</summary>
    private static LogEntryInCatalog Register(SqliteDatabase database, string entity, int partitions)
    {
        LogEntryInCatalog? entry = null;
        database.Write(() =>
        {
            database.Statement("INSERT INTO logs (entity, partitions, identity, complete) VALUES (?1, ?2, ?3, 0) ON CONFLICT DO NOTHING")
                .Bind(1, entity).Bind(2, partitions).Bind(3, string.Create(CultureInfo.InvariantCulture, $"sqlite:{Guid.NewGuid():N}"))
                .Run();
            var read = database.Statement("SELECT partitions, identity, complete FROM logs WHERE entity = ?1").Bind(1, entity);
            _ = read.Step();
            entry = new LogEntryInCatalog((int)read.Long(0), read.Text(1), read.Long(2) != 0);
            return true;
        });
        return entry!.Partitions == partitions
            ? entry
            : throw new LogSetupException(
                $"could not open the log of entity {entity}: it has {entry.Partitions} partitions and the definitions want {partitions}; "
                + $"set entities.{entity}.shards = {entry.Partitions} or start with an empty data directory");
    }

    private async Task OpenPartitionsAsync(string entity, int partitions, LogEntryInCatalog entry, CancellationToken cancellationToken)
    {
        for (var partition = 0; partition < partitions; partition++)
        {
            var shard = new ShardId(entity, partition);
            if (!_partitions.ContainsKey(shard))
            {
                var opened = await Task.Run(() => OpenPartition(shard, entry), cancellationToken).ConfigureAwait(false);
                _partitions.TryAdd(shard, opened);
            }
        }

        if (!entry.IsComplete)
        {
            await _catalog.RunAsync(
                database =>
                {
                    database.Statement("UPDATE logs SET complete = 1 WHERE entity = ?1").Bind(1, entity).Run();
                    return true;
                },
                cancellationToken).ConfigureAwait(false);
        }

        _identities.TryAdd(entity, entry.Identity);
    }

    private SqliteLogPartition OpenPartition(ShardId shard, LogEntryInCatalog entry)
    {
        var path = _directory.LogFile(shard);
        if (entry.IsComplete && !File.Exists(path))
        {
            // An empty log in its place would swallow events that ingest believes delivered.
            throw new LogSetupException(
                $"could not open the log of shard {shard}: its file {path} is missing; restore it or start with an empty data directory");
        }

        return SqliteLogPartition.Open(shard, path, entry.Identity, _profile, _options, _appends, _reads);
    }

    private SqliteLogPartition Find(ShardId shard) => _partitions.TryGetValue(shard, out var partition)
        ? partition
        : throw new InvalidOperationException($"the log of shard {shard} is used before it was opened");

    private sealed record LogEntryInCatalog(int Partitions, string Identity, bool IsComplete);
}

using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>
/// Every port that the embedded node keeps on disk, over one data directory: <c>catalog.db</c> (definitions, numbers, source
/// positions, dead letters), per shard <c>state-&lt;entity&gt;-&lt;partition&gt;.db</c> and <c>log-&lt;entity&gt;-&lt;partition&gt;.db</c>,
/// and <c>lock</c>, held while the directory is open. Safe for concurrent calls; calls do their work on the thread pool.
/// </summary>
public sealed class SqliteStores : IAsyncDisposable
{
    private readonly DataDirectory _directory;
    private readonly SqliteCatalog _catalog;
    private readonly SqliteCheckpointStore _checkpoints;
    private readonly SqliteShardLog _log;
    private readonly SemaphoreSlim _disposing = new(1, 1);
    private bool _isDisposed;

    private SqliteStores(DataDirectory directory, SqliteCatalog catalog, SqliteStoreOptions options, TimeProvider time)
    {
        _directory = directory;
        _catalog = catalog;
        _checkpoints = new SqliteCheckpointStore(directory, options, time);
        _log = new SqliteShardLog(directory, catalog, options);
        Positions = new SqliteSourcePositions(catalog);
        DeadLetters = new SqliteDeadLetterStore(catalog, options);
        Definitions = new SqliteDefinitionStore(catalog);
    }

    /// <summary>Shard states.</summary>
    public ICheckpointStore Checkpoints => _checkpoints;

    /// <summary>The embedded shard log. Disposing it closes only the log.</summary>
    public IShardLog Log => _log;

    /// <summary>Positions of ingest.</summary>
    public ISourcePositions Positions { get; }

    /// <summary>Dead letters.</summary>
    public IDeadLetterStore DeadLetters { get; }

    /// <summary>Definitions and numbers.</summary>
    public IDefinitionStore Definitions { get; }

    /// <summary>Opens a data directory, creating it when it is missing, and holds it until disposed.</summary>
    /// <param name="directory">Path of the directory.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">Clock of <see cref="ICheckpointStore.ReadClockAsync"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DataDirectoryLockedException">Another process, or this one, holds it already.</exception>
    /// <exception cref="UnknownSchemaException">A newer release wrote it.</exception>
    /// <exception cref="CorruptStoreException">Its catalog is damaged.</exception>
    /// <exception cref="Abstractions.Errors.DependencyUnavailableException">It cannot be created or written.</exception>
    public static async ValueTask<SqliteStores> OpenAsync(
        string directory, SqliteStoreOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        options.Validate();
        return await Task.Run(() => Open(directory, options, time), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Lets running calls end, closes the files and releases the directory. Later calls throw <see cref="ObjectDisposedException"/>.</summary>
    public async ValueTask DisposeAsync()
    {
        await _disposing.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
            await _log.DisposeAsync().ConfigureAwait(false);
            await _checkpoints.DisposeAsync().ConfigureAwait(false);
            await _catalog.DisposeAsync().ConfigureAwait(false);
            _directory.Dispose();
        }
        finally
        {
            _disposing.Release();
        }
    }

    private static SqliteStores Open(string path, SqliteStoreOptions options, TimeProvider time)
    {
        var directory = DataDirectory.Lock(path);
        try
        {
            return new SqliteStores(directory, SqliteCatalog.Open(directory.CatalogFile, options), options, time);
        }
        catch
        {
            directory.Dispose();
            throw;
        }
    }
}

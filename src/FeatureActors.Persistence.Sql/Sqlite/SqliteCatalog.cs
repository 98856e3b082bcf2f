namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>The file catalog.db: everything that is not one shard's. One connection serves reads and writes, for they are few.</summary>
internal sealed class SqliteCatalog : IAsyncDisposable
{
    private const int PageBytes = 4096;
    private const int CacheKiB = 512;
    private const long WalBytes = 4 * 1024 * 1024;

    private readonly SemaphoreSlim _bound = new(1);
    private readonly SqliteLane _lane;
    private readonly SqliteDatabase _database;

    private SqliteCatalog(SqliteDatabase database)
    {
        _database = database;
        _lane = new SqliteLane(_bound);
    }

    /// <summary>Opens or creates the file. Blocks on the disk.</summary>
    public static SqliteCatalog Open(string path, SqliteStoreOptions options) => new(SqliteDatabase.OpenWriter(
        path, new SqliteFileProfile(PageBytes, CacheKiB, WalBytes, options.Durability, options.PagesMax), SqliteSchemas.Catalog));

    /// <summary>Runs work on the connection, one piece at a time.</summary>
    public Task<T> RunAsync<T>(Func<SqliteDatabase, T> work, CancellationToken cancellationToken) =>
        _lane.RunAsync(_ => work(_database), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _lane.CloseAsync(_database.Dispose).ConfigureAwait(false);
}

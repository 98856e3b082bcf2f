using FeatureActors.Persistence.Sql.Sqlite;

namespace FeatureActors.Persistence.Sql.Tests.Sqlite;

/// <summary>A data directory that lives as long as its test.</summary>
internal sealed class TemporaryStores(SqliteStoreOptions options) : IAsyncDisposable
{
    private SqliteStores? _stores;

    public string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("fa-sqlite-").FullName;

    public async ValueTask<SqliteStores> OpenAsync() =>
        _stores ??= await SqliteStores.OpenAsync(Directory, options, TimeProvider.System, CancellationToken.None);

    public async ValueTask<SqliteStores> ReopenAsync()
    {
        await CloseAsync();
        return await OpenAsync();
    }

    public async ValueTask CloseAsync()
    {
        if (_stores is { } stores)
        {
            _stores = null;
            await stores.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}

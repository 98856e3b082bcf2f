using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>
/// The dead letters of a data directory beside the node that holds it: takes no lock, so that an operator can look while the
/// node runs. SQLite's write-ahead log lets several processes of one machine read.
/// </summary>
public sealed class SqliteDeadLetterView : IAsyncDisposable
{
    private readonly SqliteCatalog _catalog;

    private SqliteDeadLetterView(SqliteCatalog catalog, SqliteStoreOptions options)
    {
        _catalog = catalog;
        Letters = new SqliteDeadLetterStore(catalog, options);
    }

    /// <summary>The letters. Reading is safe at any time.</summary>
    public IDeadLetterStore Letters { get; }

    /// <summary>Opens the dead letters of a directory that a node has used.</summary>
    /// <exception cref="DependencyUnavailableException">No node has used the directory, or it cannot be read.</exception>
    public static async ValueTask<SqliteDeadLetterView> OpenAsync(
        string directory, SqliteStoreOptions options, CancellationToken cancellationToken)
    {
        string file = Path.Combine(Path.GetFullPath(directory), DataDirectory.CatalogName);
        if (!File.Exists(file))
        {
            throw new DependencyUnavailableException($"data directory {directory}", "could not read dead letters: no node has used the directory");
        }

        return await Task.Run(() => new SqliteDeadLetterView(SqliteCatalog.Open(file, options), options), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _catalog.DisposeAsync();
}

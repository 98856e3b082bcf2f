using FeatureActors.Abstractions.Ports;
using FeatureActors.LocalServers;
using FeatureActors.Persistence.Sql.Postgres;
using FeatureActors.Persistence.Sql.Sqlite;

namespace FeatureActors.Benchmarks.Nodes;

/// <summary>The stores of a node of a benchmark. The log is used where no broker is.</summary>
internal sealed class NodeStore : IAsyncDisposable
{
    private readonly SqliteStores _files;
    private readonly PostgresStores? _server;

    private NodeStore(SqliteStores files, PostgresStores? server)
    {
        _files = files;
        _server = server;
    }

    public ICheckpointStore Checkpoints => _server?.Checkpoints ?? _files.Checkpoints;

    public ISourcePositions Positions => _server?.Positions ?? _files.Positions;

    public IDeadLetterStore DeadLetters => _server?.DeadLetters ?? _files.DeadLetters;

    public IShardLog Log => _files.Log;

    /// <summary>Opens what the options ask for; files go to <paramref name="folder"/>.</summary>
    public static async Task<NodeStore> OpenAsync(NodeProcessOptions options, string folder)
    {
        SqliteStores files = await SqliteStores
            .OpenAsync(folder, new SqliteStoreOptions(), TimeProvider.System, CancellationToken.None).ConfigureAwait(false);
        PostgresStores? server = options.Store != StoreKind.Postgres ? null : await PostgresStores.OpenAsync(
            new PostgresStoreOptions
            {
                Host = LocalServer.Host,
                Port = options.PostgresPort,
                Database = PostgresServer.Database,
                User = PostgresServer.UserName,
                Schema = "fa_" + options.Namespace,
            },
            CancellationToken.None).ConfigureAwait(false);
        return new NodeStore(files, server);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync().ConfigureAwait(false);
        }

        await _files.DisposeAsync().ConfigureAwait(false);
    }
}

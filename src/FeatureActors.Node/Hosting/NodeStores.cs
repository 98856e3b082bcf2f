using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Formats;
using FeatureActors.Node.Commands;
using FeatureActors.Node.Options;
using FeatureActors.Persistence.Sql.Leases;
using FeatureActors.Persistence.Sql.Postgres;
using FeatureActors.Persistence.Sql.Sqlite;
using FeatureActors.Runtime.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Node.Hosting;

/// <summary>What a node or a command keeps and reads, in the store that the configuration names. Disposing closes it.</summary>
internal sealed class NodeStores : IAsyncDisposable
{
    private const int SchemaLengthMax = 63;

    private readonly Stack<IAsyncDisposable> _owned = new();

    private NodeStores()
    {
    }

    /// <summary>Shard states; null where only letters are open.</summary>
    public ICheckpointStore Checkpoints { get; private init; } = null!;

    /// <summary>Positions of ingest.</summary>
    public ISourcePositions Positions { get; private init; } = null!;

    /// <summary>Definitions and numbers.</summary>
    public IDefinitionStore Definitions { get; private init; } = null!;

    /// <summary>Dead letters.</summary>
    public required IDeadLetterStore DeadLetters { get; init; }

    /// <summary>The log in the data directory; null when the state is elsewhere.</summary>
    public IShardLog? EmbeddedLog { get; private init; }

    /// <summary>The stores of PostgreSQL; null for another store.</summary>
    public PostgresStores? Postgres { get; private init; }

    /// <summary>Opens all of it for a node: whoever else would use the data directory is kept out.</summary>
    /// <exception cref="DependencyUnavailableException">The store is away.</exception>
    /// <exception cref="DataDirectoryLockedException">Another process holds the data directory.</exception>
    /// <exception cref="UnreadableFormatException">Other nodes write what this release does not read.</exception>
    public static async ValueTask<NodeStores> OpenAsync(
        NodeOptions options, string definitionsNamespace, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options.Store == "sqlite")
        {
            return Of(await SqliteStores.OpenAsync(options.DataDirectory, SqliteOptionsOf(options), time, cancellationToken).ConfigureAwait(false));
        }

        DataDirectory directory = DataDirectory.Lock(options.DataDirectory);
        NodeStores? stores = null;
        try
        {
            stores = Of(await PostgresStores
                .OpenAsync(PostgresOptionsOf(options, definitionsNamespace), cancellationToken).ConfigureAwait(false));
            await stores.Postgres!.NoteFormatAsync(StoredFormat.Newest, options.WriteFormat, cancellationToken).ConfigureAwait(false);
            stores._owned.Push(new Held(directory));
            return stores;
        }
        catch
        {
            if (stores is not null)
            {
                await stores.DisposeAsync().ConfigureAwait(false);
            }

            directory.Dispose();
            throw;
        }
    }

    /// <summary>Opens the store of applied definitions to change it.</summary>
    public static async ValueTask<NodeStores> OpenToApplyAsync(
        NodeOptions options, string definitionsNamespace, TimeProvider time, CancellationToken cancellationToken) => options.Store == "sqlite"
        ? await OpenAsync(options, definitionsNamespace, time, cancellationToken).ConfigureAwait(false)
        : Of(await PostgresStores.OpenAsync(PostgresOptionsOf(options, definitionsNamespace), cancellationToken).ConfigureAwait(false));

    /// <summary>Opens the store to look at applied definitions; null, and nothing made, when no node has used it.</summary>
    public static async ValueTask<NodeStores?> TryOpenToReadAsync(
        NodeOptions options, string definitionsNamespace, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options.Store == "sqlite")
        {
            return Directory.Exists(options.DataDirectory)
                ? await OpenAsync(options, definitionsNamespace, time, cancellationToken).ConfigureAwait(false)
                : null;
        }

        return await PostgresStores
            .OpenExistingAsync(PostgresOptionsOf(options, definitionsNamespace), cancellationToken).ConfigureAwait(false) is { } stores
            ? Of(stores)
            : null;
    }

    /// <summary>Opens the dead letters to look at them, also while nodes run.</summary>
    /// <exception cref="UsageException">No node has run with this configuration.</exception>
    public static async ValueTask<NodeStores> OpenLettersAsync(
        NodeOptions options, string config, Func<string> definitionsNamespace, TimeProvider time, CancellationToken cancellationToken)
    {
        if (options.Store == "sqlite")
        {
            if (!Directory.Exists(options.DataDirectory))
            {
                throw new UsageException($"there is no data directory {options.DataDirectory}: no node ran with {config} here");
            }

            SqliteDeadLetterView view = await SqliteDeadLetterView
                .OpenAsync(options.DataDirectory, SqliteOptionsOf(options), cancellationToken).ConfigureAwait(false);
            var letters = new NodeStores { DeadLetters = view.Letters };
            letters._owned.Push(view);
            return letters;
        }

        string name = options.Postgres.Schema is null ? definitionsNamespace() : "";
        return await TryOpenToReadAsync(options, name, time, cancellationToken).ConfigureAwait(false)
            ?? throw new UsageException(
                $"there is no schema {PostgresOptionsOf(options, name).Schema} in {options.Postgres}: no node ran with {config}");
    }

    /// <summary>What a node warms up with; null for a store that no other node shares.</summary>
    /// <param name="leases">Settings of leases, where shards are shared out by them.</param>
    /// <param name="sink">The sink, where it refuses to write for a shard without a fence.</param>
    /// <param name="time">The node's clock.</param>
    public Func<CancellationToken, ValueTask<RehearsalPorts>>? Rehearsal(LeaseOptions? leases, IFeatureSink? sink, TimeProvider time) => Postgres is not { } postgres
        ? null
        : async cancellationToken =>
        {
            PostgresRehearsal tables = await postgres.OpenRehearsalAsync(cancellationToken).ConfigureAwait(false);
            return new RehearsalPorts
            {
                Checkpoints = tables.Checkpoints,
                Join = leases is null ? null : () => tables.CreateOwnership(leases, time, NullLogger.Instance),
                Sink = sink,
                Owned = tables,
            };
        };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out IAsyncDisposable? owned))
        {
            await owned.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static NodeStores Of(SqliteStores stores)
    {
        var all = new NodeStores
        {
            Checkpoints = stores.Checkpoints,
            Positions = stores.Positions,
            Definitions = stores.Definitions,
            DeadLetters = stores.DeadLetters,
            EmbeddedLog = stores.Log,
        };
        all._owned.Push(stores);
        return all;
    }

    private static NodeStores Of(PostgresStores stores)
    {
        var all = new NodeStores
        {
            Checkpoints = stores.Checkpoints,
            Positions = stores.Positions,
            Definitions = stores.Definitions,
            DeadLetters = stores.DeadLetters,
            Postgres = stores,
        };
        all._owned.Push(stores);
        return all;
    }

    private static SqliteStoreOptions SqliteOptionsOf(NodeOptions options) =>
        new() { DeadLettersMax = options.DeadLetters.MaxCount, DeadLetterBytesMax = options.DeadLetters.MaxBytes };

    private static PostgresStoreOptions PostgresOptionsOf(NodeOptions options, string definitionsNamespace)
    {
        PostgresSection section = options.Postgres;
        string schema = section.Schema ?? "fa_" + definitionsNamespace;
        return new PostgresStoreOptions
        {
            Host = section.Host,
            Port = section.Port,
            Database = section.Database,
            User = section.User,
            Password = section.Password,
            PasswordFile = section.PasswordFile,
            Tls = section.Tls,
            CaFile = section.CaFile,
            Schema = schema.Length <= SchemaLengthMax
                ? schema
                : throw new UsageException($"the schema {schema} has more than {SchemaLengthMax} characters: write a shorter fa.postgres.schema"),
            ApplicationName = options.Name is null ? "feature-actors" : "feature-actors " + options.Name,
            ConnectionsMax = section.Connections,
            ConnectTimeout = section.ConnectTimeout,
            CommandTimeout = section.CommandTimeout,
            TakeOverPatience = section.TakeOverPatience,
            DeadLettersMax = options.DeadLetters.MaxCount,
            DeadLetterBytesMax = options.DeadLetters.MaxBytes,
        };
    }

    private sealed class Held(IDisposable inner) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            inner.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

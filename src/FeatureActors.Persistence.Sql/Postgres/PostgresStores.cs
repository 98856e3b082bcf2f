using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Persistence.Sql.Leases;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary>
/// Every port that the nodes of a namespace keep in one schema of a PostgreSQL database, which they share. Safe for concurrent calls.
/// </summary>
public sealed class PostgresStores : IAsyncDisposable
{
    private readonly PostgresDatabase _database;
    private readonly EntityVacuum _vacuum;

    private PostgresStores(PostgresDatabase database)
    {
        _database = database;
        _vacuum = new EntityVacuum(database);
        Checkpoints = new PostgresCheckpointStore(database, _vacuum);
        Positions = new PostgresSourcePositions(database);
        DeadLetters = new PostgresDeadLetterStore(database);
        Definitions = new PostgresDefinitionStore(database);
        PluginSwitches = new PostgresPluginSwitches(database);
    }

    /// <summary>Shard states.</summary>
    public ICheckpointStore Checkpoints { get; }

    /// <summary>Positions of ingest.</summary>
    public ISourcePositions Positions { get; }

    /// <summary>Dead letters.</summary>
    public IDeadLetterStore DeadLetters { get; }

    /// <summary>Definitions and numbers.</summary>
    public IDefinitionStore Definitions { get; }

    /// <summary>What of the plug-ins is switched off.</summary>
    public IPluginSwitches PluginSwitches { get; }

    /// <summary>Connects and brings the schema up to date.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    /// <exception cref="DependencyUnavailableException">The server does not answer or refuses.</exception>
    /// <exception cref="Sqlite.UnknownSchemaException">A newer release wrote the schema and this one cannot use it.</exception>
    public static async ValueTask<PostgresStores> OpenAsync(PostgresStoreOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var database = new PostgresDatabase(options);
        try
        {
            await PostgresSchema.MigrateAsync(database, cancellationToken).ConfigureAwait(false);
            return new PostgresStores(database);
        }
        catch
        {
            await database.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Notes which format a node is about to write, for the logs and the states of the namespace. It never goes back: what was written once
    /// may lie there for as long as a log or a state is kept.
    /// </summary>
    /// <param name="newestRead">Newest format that the node reads.</param>
    /// <param name="written">Format that it writes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DependencyUnavailableException">The server does not answer or refuses.</exception>
    /// <exception cref="UnreadableFormatException">Some node has written a newer one than this node reads; nothing is noted.</exception>
    public async ValueTask NoteFormatAsync(int newestRead, int written, CancellationToken cancellationToken)
    {
        int newest = await _database.RunAsync(
            $"note the format written into {_database.Options.Schema}",
            async connection =>
            {
                await PostgresSql.ExecuteAsync(
                    connection, "UPDATE written_format SET newest = $1 WHERE newest < $1 AND newest <= $2", cancellationToken,
                    PostgresSql.Integer(written), PostgresSql.Integer(newestRead)).ConfigureAwait(false);
                return await PostgresSql.ScalarAsync<int>(connection, "SELECT newest FROM written_format", cancellationToken).ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        if (newest > newestRead)
        {
            throw new UnreadableFormatException(_database.Options.Schema, newest, newestRead);
        }
    }

    /// <summary>Ownership of shards by leases in the schema. Each watch is a member of its own.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public IShardOwnership CreateOwnership(LeaseOptions options, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return new LeaseOwnership(_database, options, LeaseNames.Shards, time, logger);
    }

    /// <summary>Leases of source partitions, shared out as shards are: the entities of a watch are sources with their numbers of partitions.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public IShardOwnership CreateSourceLeases(LeaseOptions options, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return new LeaseOwnership(_database, options, LeaseNames.Sources, time, logger);
    }

    /// <summary>Tables beside these in which a node can do everything once that it does with shards, unseen.</summary>
    /// <exception cref="DependencyUnavailableException">The server does not answer, or does not let this user make temporary tables.</exception>
    public ValueTask<PostgresRehearsal> OpenRehearsalAsync(CancellationToken cancellationToken) => PostgresRehearsal.OpenAsync(_database.Options, cancellationToken);

    /// <summary>Opens what is there without making or changing anything; null when no node has used the schema.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    /// <exception cref="DependencyUnavailableException">The server does not answer or refuses.</exception>
    /// <exception cref="Sqlite.UnknownSchemaException">A newer release wrote the schema and this one cannot use it.</exception>
    public static async ValueTask<PostgresStores?> OpenExistingAsync(PostgresStoreOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var database = new PostgresDatabase(options);
        PostgresStores? stores = null;
        try
        {
            stores = await PostgresSchema.IsUsableAsync(database, cancellationToken).ConfigureAwait(false) ? new PostgresStores(database) : null;
            return stores;
        }
        finally
        {
            if (stores is null)
            {
                await database.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Closes all connections; calls still waiting fail.</summary>
    public async ValueTask DisposeAsync()
    {
        await _vacuum.DisposeAsync().ConfigureAwait(false);
        await _database.DisposeAsync().ConfigureAwait(false);
    }
}

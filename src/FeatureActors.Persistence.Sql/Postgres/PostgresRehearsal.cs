using System.Globalization;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Persistence.Sql.Leases;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary>
/// What a node takes, keeps and hands over shards with before it has any: every statement is the one that is used later, on the same
/// server, over temporary tables that one connection sees and that end with it. Safe for concurrent calls.
/// </summary>
public sealed class PostgresRehearsal : IAsyncDisposable
{
    private static readonly string[] Tables = ["shards", "entities", "entities_vacuum", "lease_members", "leases"];

    private readonly PostgresDatabase _database;
    private readonly EntityVacuum _vacuum;

    // Members of other rehearsals, and of the schema, are told nothing.
    private readonly LeaseNames _names = LeaseNames.Shards with { Suffix = string.Create(CultureInfo.InvariantCulture, $"/rehearsal/{Guid.NewGuid():N}") };

    private PostgresRehearsal(PostgresDatabase database)
    {
        _database = database;
        _vacuum = new EntityVacuum(database);
        Checkpoints = new PostgresCheckpointStore(database, _vacuum);
    }

    /// <summary>Shard states.</summary>
    public ICheckpointStore Checkpoints { get; }

    /// <summary>Ownership of shards by leases. Each watch is a member of its own.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public IShardOwnership CreateOwnership(LeaseOptions options, TimeProvider time, ILogger logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return new LeaseOwnership(_database, options, _names, time, logger);
    }

    /// <summary>Makes the tables.</summary>
    /// <exception cref="DependencyUnavailableException">The server does not answer, or does not let this user make temporary tables.</exception>
    internal static async ValueTask<PostgresRehearsal> OpenAsync(PostgresStoreOptions options, CancellationToken cancellationToken)
    {
        var database = PostgresDatabase.OfTemporaryTables(options);
        try
        {
            await database.RunAsync(
                "make temporary tables",
                connection => PostgresSql.ExecuteAsync(
                    connection,
                    string.Concat(Tables.Select(t => $"CREATE TEMPORARY TABLE {t} (LIKE \"{options.Schema}\".{t} INCLUDING ALL);")) + "INSERT INTO entities_vacuum (rewritten) VALUES (0)",
                    cancellationToken),
                cancellationToken).ConfigureAwait(false);
            return new PostgresRehearsal(database);
        }
        catch
        {
            await database.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Ends the connection and with it the tables.</summary>
    public async ValueTask DisposeAsync()
    {
        await _vacuum.DisposeAsync().ConfigureAwait(false);
        await _database.DisposeAsync().ConfigureAwait(false);
    }
}

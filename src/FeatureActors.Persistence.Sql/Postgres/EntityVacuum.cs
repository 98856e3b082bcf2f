using System.Net.Sockets;
using Npgsql;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary>
/// Vacuums the table of entities once a fifth of its rows was rewritten, so that it stays within twice its live rows however often they
/// are rewritten; autovacuum looks once a minute, in which hot rows are rewritten a dozen times. Nodes count together in the table of
/// shards, and one of them does it, beside the checkpoints. Where it fails, autovacuum is still there.
/// </summary>
internal sealed class EntityVacuum(PostgresDatabase database) : IAsyncDisposable
{
    // One row when it is time: rows rewritten at the last vacuum, and until now.
    private const string Due = """
        SELECT v.rewritten, s.rewritten
        FROM entities_vacuum v, (SELECT sum(rewritten)::bigint AS rewritten, sum(entity_count)::bigint AS live FROM shards) s
        WHERE s.rewritten - v.rewritten >= greatest(1000, s.live / 5)
        """;

    private const string Claim = "UPDATE entities_vacuum SET rewritten = $2 WHERE rewritten = $1";
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;
    private int _isUnderWay;
    private int _isDisposed;

    /// <summary>Begins one when it is time and none is under way here; to be called behind a commit.</summary>
    public async Task ConsiderAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _isUnderWay) != 0 || await ReadDueAsync(connection, cancellationToken).ConfigureAwait(false) is not var (last, now))
        {
            return;
        }

        if (Interlocked.Exchange(ref _isUnderWay, 1) == 0)
        {
            _work = Task.Run(() => VacuumAsync(last, now), CancellationToken.None);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private static async Task<(long Last, long Now)?> ReadDueAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(Due, connection);
        using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? (reader.GetInt64(0), reader.GetInt64(1)) : null;
    }

    private async Task VacuumAsync(long last, long now)
    {
        try
        {
            using NpgsqlConnection connection = await database.OpenApartAsync(_stop.Token).ConfigureAwait(false);
            if (await PostgresSql.ExecuteAsync(connection, Claim, _stop.Token, PostgresSql.Long(last), PostgresSql.Long(now)).ConfigureAwait(false) == 1)
            {
                // Skips a table that autovacuum is at, and leaves the end of the file alone: giving it back would lock out the checkpoints.
                using var vacuum = new NpgsqlCommand("VACUUM (SKIP_LOCKED, TRUNCATE off) entities", connection) { CommandTimeout = 0 };
                await vacuum.ExecuteNonQueryAsync(_stop.Token).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or SocketException or IOException or OperationCanceledException)
        {
            // The server is away or the node ends; the next rows that are rewritten ask again.
        }
        finally
        {
            Volatile.Write(ref _isUnderWay, 0);
        }
    }
}

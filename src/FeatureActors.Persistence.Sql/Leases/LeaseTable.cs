using System.Globalization;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Persistence.Sql.Postgres;
using Npgsql;

namespace FeatureActors.Persistence.Sql.Leases;

/// <summary>
/// What one member reads and writes in the tables of leases. A lease lasts as long as its member, and a member until <c>expires</c> by the
/// server's clock. Whoever takes leases or ends members holds an advisory lock, so those decisions come one after the other; signs of
/// life and releases need none.
/// </summary>
internal sealed class LeaseTable(
    PostgresDatabase database, LeaseOptions options, string member, LeaseNames names, IReadOnlyDictionary<string, int> entities)
{
    /// <summary>
    /// Channel on which members tell each other that something changed. The payload's lines are the schema, with a suffix for what is
    /// leased, and, when a shard was handed to
    /// a member, that member, the entity and the partition.
    /// </summary>
    public const string Channel = "feature_actors_leases";

    private const string Until = "clock_timestamp() + $2 * interval '1 millisecond'";

    // A server that has just started may have been away for longer than any lease: whoever is alive gets the time to say so.
    private const string Expired = "expires < clock_timestamp() AND clock_timestamp() - pg_postmaster_start_time() > $1 * interval '1 millisecond'";

    // Ended soon, so that who freezes with the lock in hand does not keep it.
    private const string EndIfFrozen = "SET LOCAL idle_in_transaction_session_timeout = 1000";

    public string Member => member;

    /// <summary>Whom this concerns: first line of what members tell each other.</summary>
    private string Audience => database.Options.Schema + names.Suffix;

    /// <summary>A sign of life; false when others have ended this member, or it was never there.</summary>
    public ValueTask<bool> RenewAsync(CancellationToken cancellationToken) => database.RunAsync(
        "renew the leases of shards",
        async connection => await PostgresSql.ExecuteAsync(
            connection,
            $"UPDATE {names.Members} SET expires = {Until} WHERE member = $1",
            cancellationToken,
            PostgresSql.Text(member),
            PostgresSql.Long((long)options.Duration.TotalMilliseconds)).ConfigureAwait(false) == 1,
        cancellationToken);

    /// <summary>Becomes a member without leases.</summary>
    public async ValueTask JoinAsync(CancellationToken cancellationToken) => await InTurnAsync(
        "join those who lease shards",
        async connection =>
        {
            await PostgresSql.ExecuteAsync(
                connection,
                $"INSERT INTO {names.Members} (member, owner, expires) VALUES ($1, $3, {Until}) ON CONFLICT (member) DO UPDATE SET expires = excluded.expires",
                cancellationToken,
                PostgresSql.Text(member),
                PostgresSql.Long((long)options.Duration.TotalMilliseconds),
                PostgresSql.Text(options.Owner)).ConfigureAwait(false);
            foreach ((string entity, int partitions) in entities)
            {
                await PostgresSql.ExecuteAsync(
                    connection,
                    $"INSERT INTO {names.Leases} (entity, partition) SELECT $1, generate_series(0, $2 - 1) ON CONFLICT DO NOTHING",
                    cancellationToken,
                    PostgresSql.Text(entity),
                    PostgresSql.Integer(partitions)).ConfigureAwait(false);
            }

            await TellAsync(connection, cancellationToken).ConfigureAwait(false);
            return true;
        },
        cancellationToken).ConfigureAwait(false);

    /// <summary>Who there is, whether somebody's time is over, and who holds what.</summary>
    public ValueTask<LeaseView> ReadAsync(CancellationToken cancellationToken) =>
        database.RunAsync("read the leases of shards", connection => ReadAsync(connection, cancellationToken), cancellationToken);

    /// <summary>Ends members whose time is over, and takes this member's share of what is free.</summary>
    /// <returns>What was taken.</returns>
    public ValueTask<IReadOnlyList<ShardId>> TakeAsync(bool mayEndOthers, CancellationToken cancellationToken) => InTurnAsync(
        "take leases of shards",
        async connection =>
        {
            if (mayEndOthers)
            {
                await PostgresSql.ExecuteAsync(
                    connection,
                    $"DELETE FROM {names.Members} WHERE member <> $2 AND {Expired}",
                    cancellationToken,
                    PostgresSql.Long((long)options.Duration.TotalMilliseconds),
                    PostgresSql.Text(member)).ConfigureAwait(false);
            }

            await PostgresSql.ExecuteAsync(
                connection,
                $"UPDATE {names.Leases} l SET member = NULL, heir = NULL WHERE member IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {names.Members} m WHERE m.member = l.member)",
                cancellationToken).ConfigureAwait(false);
            LeaseView view = await ReadAsync(connection, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<ShardId> take = LeaseShares.Take(member, view.Staying, view.Rows);
            foreach (ShardId shard in take)
            {
                await PostgresSql.ExecuteAsync(
                    connection,
                    $"UPDATE {names.Leases} SET member = $3, heir = NULL WHERE entity = $1 AND partition = $2 AND member IS NULL",
                    cancellationToken,
                    PostgresSql.Text(shard.Entity),
                    PostgresSql.Integer(shard.Partition),
                    PostgresSql.Text(member)).ConfigureAwait(false);
            }

            if (take.Count > 0)
            {
                await TellAsync(connection, cancellationToken).ConfigureAwait(false);
            }

            return take;
        },
        cancellationToken);

    /// <summary>Says which of this member's shards go to whom, before it lets go of them.</summary>
    /// <returns>What was announced.</returns>
    public ValueTask<IReadOnlyList<LeaseMove>> AnnounceAsync(CancellationToken cancellationToken) => InTurnAsync(
        "announce moves of shards",
        async connection =>
        {
            LeaseView view = await ReadAsync(connection, cancellationToken).ConfigureAwait(false);
            IReadOnlyList<LeaseMove> give = LeaseShares.Give(member, view.Staying, view.Rows);
            foreach (LeaseMove move in give)
            {
                await PostgresSql.ExecuteAsync(
                    connection,
                    $"UPDATE {names.Leases} SET heir = $4 WHERE entity = $1 AND partition = $2 AND member = $3",
                    cancellationToken,
                    PostgresSql.Text(move.Shard.Entity),
                    PostgresSql.Integer(move.Shard.Partition),
                    PostgresSql.Text(member),
                    PostgresSql.Text(move.Heir)).ConfigureAwait(false);
            }

            return give;
        },
        cancellationToken);

    /// <summary>A shard that was handed to this member runs: the next may come.</summary>
    public async ValueTask ArrivedAsync(ShardId shard, CancellationToken cancellationToken) => await database.RunAsync(
        $"say that shard {shard} has arrived",
        connection => PostgresSql.ExecuteAsync(
            connection,
            $"""
            WITH arrived AS (UPDATE {names.Leases} SET heir = NULL WHERE entity = $1 AND partition = $2 AND member = $3 AND heir = $3 RETURNING 1)
            SELECT pg_notify($4, $5) FROM arrived
            """,
            cancellationToken,
            PostgresSql.Text(shard.Entity),
            PostgresSql.Integer(shard.Partition),
            PostgresSql.Text(member),
            PostgresSql.Text(Channel),
            PostgresSql.Text(Audience)),
        cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// Lets go of a lease: it is the heir's at once, who is told so, or nobody's when there is none any more. One statement, for the shard
    /// stands still meanwhile.
    /// </summary>
    public async ValueTask HandOverAsync(ShardId shard, CancellationToken cancellationToken) => await database.RunAsync(
        $"hand over the lease of shard {shard}",
        connection => PostgresSql.ExecuteAsync(
            connection,
            $"""
            WITH given AS (
                UPDATE {names.Leases} l SET (member, heir) =
                    (SELECT max(m.member), max(m.member) FROM {names.Members} m WHERE m.member = l.heir AND NOT m.leaving)
                WHERE entity = $1 AND partition = $2 AND member = $3 RETURNING member)
            SELECT pg_notify($4, concat_ws(chr(10), $5, member, CASE WHEN member IS NOT NULL THEN concat($1, chr(10), $2) END)) FROM given
            """,
            cancellationToken,
            PostgresSql.Text(shard.Entity),
            PostgresSql.Integer(shard.Partition),
            PostgresSql.Text(member),
            PostgresSql.Text(Channel),
            PostgresSql.Text(Audience)),
        cancellationToken).ConfigureAwait(false);

    /// <summary>Says that this member is about to leave: it gets nothing any more, and others get what it has. False when there are none.</summary>
    public ValueTask<bool> RetireAsync(CancellationToken cancellationToken) => database.RunAsync(
        "say that this node leaves those who lease shards",
        async connection =>
        {
            bool isDone = await PostgresSql.ExecuteAsync(
                connection,
                $"UPDATE {names.Members} SET leaving = true WHERE member = $1 AND EXISTS (SELECT 1 FROM {names.Members} WHERE member <> $1 AND NOT leaving)",
                cancellationToken,
                PostgresSql.Text(member)).ConfigureAwait(false) == 1;
            await TellAsync(connection, cancellationToken).ConfigureAwait(false);
            return isDone;
        },
        cancellationToken);

    /// <summary>Lets go of everything.</summary>
    public async ValueTask LeaveAsync(CancellationToken cancellationToken) => await database.RunInTransactionAsync(
        "hand back the leases of shards",
        async connection =>
        {
            await PostgresSql.ExecuteAsync(
                connection, $"UPDATE {names.Leases} SET member = NULL, heir = NULL WHERE member = $1", cancellationToken, PostgresSql.Text(member)).ConfigureAwait(false);
            await PostgresSql.ExecuteAsync(
                connection, $"DELETE FROM {names.Members} WHERE member = $1", cancellationToken, PostgresSql.Text(member)).ConfigureAwait(false);
            await TellAsync(connection, cancellationToken).ConfigureAwait(false);
            return true;
        },
        cancellationToken).ConfigureAwait(false);

    /// <summary>
    /// Calls <paramref name="heard"/> whenever a member of this schema tells of a change, until cancelled or until the connection breaks;
    /// with the shard when it was handed to this member.
    /// </summary>
    public async Task ListenAsync(Action<ShardId?> heard, CancellationToken cancellationToken)
    {
        using NpgsqlConnection connection = await database.OpenApartAsync(cancellationToken).ConfigureAwait(false);
        connection.Notification += (_, told) =>
        {
            string[] lines = told.Payload.Split('\n');
            if (lines[0] == Audience)
            {
                heard(lines is [_, var to, var entity, var partition] && to == member
                    ? new ShardId(entity, int.Parse(partition, CultureInfo.InvariantCulture))
                    : null);
            }
        };
        await PostgresSql.ExecuteAsync(connection, "LISTEN " + Channel, cancellationToken).ConfigureAwait(false);
        heard(null);
        while (true)
        {
            await connection.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<LeaseView> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var members = new HashSet<string>(StringComparer.Ordinal);
        var staying = new HashSet<string>(StringComparer.Ordinal);
        bool isSomebodyExpired = false;
        using (NpgsqlCommand command = PostgresSql.Command(
            connection, $"SELECT member, {Expired}, leaving FROM {names.Members}", PostgresSql.Long((long)options.Duration.TotalMilliseconds)))
        {
            using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                members.Add(row.GetString(0));
                isSomebodyExpired |= row.GetBoolean(1) && row.GetString(0) != member;
                if (!row.GetBoolean(2))
                {
                    staying.Add(row.GetString(0));
                }
            }
        }

        var rows = new List<LeaseRow>();
        using (NpgsqlCommand command = PostgresSql.Command(connection, $"SELECT entity, partition, coalesce(member, ''), coalesce(heir, '') FROM {names.Leases}"))
        {
            using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                // What only other definitions know is left to those who have them.
                if (entities.TryGetValue(row.GetString(0), out int partitions) && row.GetInt32(1) < partitions)
                {
                    rows.Add(new LeaseRow(new ShardId(row.GetString(0), row.GetInt32(1)), OrNull(row.GetString(2)), OrNull(row.GetString(3))));
                }
            }
        }

        return new LeaseView(members, staying, isSomebodyExpired, rows);
    }

    private static string? OrNull(string text) => text.Length == 0 ? null : text;

    private ValueTask<T> InTurnAsync<T>(string what, Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken) => database.RunInTransactionAsync(
        what,
        async connection =>
        {
            await PostgresSql.ExecuteAsync(connection, EndIfFrozen, cancellationToken).ConfigureAwait(false);
            await PostgresSql.ExecuteAsync(
                connection, "SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", cancellationToken, PostgresSql.Text("feature-actors leases " + Audience))
                .ConfigureAwait(false);
            return await work(connection).ConfigureAwait(false);
        },
        cancellationToken);

    private Task<int> TellAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => PostgresSql.ExecuteAsync(
        connection, "SELECT pg_notify($1, $2)", cancellationToken, PostgresSql.Text(Channel), PostgresSql.Text(Audience));
}

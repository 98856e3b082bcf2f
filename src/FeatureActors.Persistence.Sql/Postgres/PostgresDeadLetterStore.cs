using System.Text;
using FeatureActors.Abstractions.Ports;
using Npgsql;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary>
/// <see cref="IDeadLetterStore"/> in the table dead_letters. The totals are one row of another table, which whoever adds holds until
/// the end of his transaction: so ids rise in the order in which letters become visible, and the bounds hold for all nodes together.
/// </summary>
internal sealed class PostgresDeadLetterStore(PostgresDatabase database) : IDeadLetterStore
{
    private const int DropPage = 1_000;

    private const string Columns =
        "id, source, lane, source_partition, source_offset, ordinal, group_name, feature, reason, error, at, length, sha256";

    private const string AddSql = """
        INSERT INTO dead_letters (source, lane, source_partition, source_offset, ordinal, group_name, feature, reason, error, at,
            length, sha256, kept_bytes, bytes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT DO NOTHING
        """;

    /// <inheritdoc/>
    public async ValueTask AddAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        if (letters.Count > 0)
        {
            await database.RunInTransactionAsync("keep dead letters", connection => AddAsync(connection, letters, cancellationToken), cancellationToken)
                .ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DeadLetter>> ListAsync(string? reason, long? beforeId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return database.RunAsync<IReadOnlyList<DeadLetter>>(
            "list dead letters",
            async connection =>
            {
                using NpgsqlCommand command = PostgresSql.Command(
                    connection,
                    $"SELECT {Columns} FROM dead_letters WHERE id < $1 {(reason is null ? "" : "AND reason = $3")} ORDER BY id DESC LIMIT $2",
                    PostgresSql.Long(beforeId ?? long.MaxValue),
                    PostgresSql.Integer(limit));
                if (reason is not null)
                {
                    command.Parameters.Add(PostgresSql.Text(PostgresSql.Storable(reason)));
                }

                List<DeadLetter> letters = [];
                using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    letters.Add(ToLetter(row));
                }

                return letters;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<DeadLetter?> ReadAsync(long id, CancellationToken cancellationToken) => database.RunAsync(
        $"read dead letter {id}",
        async connection =>
        {
            using NpgsqlCommand command = PostgresSql.Command(connection, $"SELECT {Columns}, bytes FROM dead_letters WHERE id = $1", PostgresSql.Long(id));
            using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            return await row.ReadAsync(cancellationToken).ConfigureAwait(false)
                ? ToLetter(row) with { Bytes = await row.GetFieldValueAsync<byte[]>(13, cancellationToken).ConfigureAwait(false) }
                : null;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyDictionary<string, long>> CountAsync(CancellationToken cancellationToken) => database.RunAsync<IReadOnlyDictionary<string, long>>(
        "count dead letters",
        async connection =>
        {
            Dictionary<string, long> counts = new(StringComparer.Ordinal);
            using NpgsqlCommand command = PostgresSql.Command(connection, "SELECT reason, count(*) FROM dead_letters GROUP BY reason");
            using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            while (await row.ReadAsync(cancellationToken).ConfigureAwait(false))
            {
                counts.Add(row.GetString(0), row.GetInt64(1));
            }

            return counts;
        },
        cancellationToken);

    private async Task<bool> AddAsync(NpgsqlConnection connection, IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        (long held, long bytes) = await LockTotalsAsync(connection, cancellationToken).ConfigureAwait(false);
        foreach (DeadLetter letter in letters)
        {
            long kept = await InsertAsync(connection, letter, cancellationToken).ConfigureAwait(false);
            held += kept < 0 ? 0 : 1;
            bytes += Math.Max(0, kept);
        }

        (held, bytes) = await DropOldestAsync(connection, held, bytes, cancellationToken).ConfigureAwait(false);
        await PostgresSql.ExecuteAsync(
            connection, "UPDATE dead_letter_totals SET letters = $1, bytes = $2", cancellationToken, PostgresSql.Long(held), PostgresSql.Long(bytes))
            .ConfigureAwait(false);
        return true;
    }

    private static async Task<(long Letters, long Bytes)> LockTotalsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        using NpgsqlCommand command = PostgresSql.Command(connection, "SELECT letters, bytes FROM dead_letter_totals FOR UPDATE");
        using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await row.ReadAsync(cancellationToken).ConfigureAwait(false);
        return (row.GetInt64(0), row.GetInt64(1));
    }

    /// <summary>Bytes kept of it, or −1 when it was there already.</summary>
    private static async Task<long> InsertAsync(NpgsqlConnection connection, DeadLetter letter, CancellationToken cancellationToken)
    {
        byte[] bytes = letter.Bytes[..Math.Min(letter.Bytes.Length, DeadLetter.BytesMax)].ToArray();
        string error = PostgresSql.Storable(letter.Error);
        long kept = bytes.Length + Encoding.UTF8.GetByteCount(error);
        int added = await PostgresSql.ExecuteAsync(
            connection,
            AddSql,
            cancellationToken,
            PostgresSql.Text(letter.Source),
            PostgresSql.Integer(letter.Lane),
            PostgresSql.Integer(letter.Partition),
            PostgresSql.Long(letter.Offset),
            PostgresSql.Integer(letter.Ordinal),
            PostgresSql.Text(letter.Group),
            PostgresSql.Text(letter.Feature),
            PostgresSql.Text(PostgresSql.Storable(letter.Reason)),
            PostgresSql.Text(error),
            PostgresSql.Long(letter.AtMs),
            PostgresSql.Long(letter.Length),
            PostgresSql.Text(letter.Sha256),
            PostgresSql.Long(kept),
            PostgresSql.Bytes(bytes)).ConfigureAwait(false);
        return added == 0 ? -1 : kept;
    }

    private async Task<(long Letters, long Bytes)> DropOldestAsync(
        NpgsqlConnection connection, long letters, long bytes, CancellationToken cancellationToken)
    {
        while (letters > database.Options.DeadLettersMax || bytes > database.Options.DeadLetterBytesMax)
        {
            long last = 0;
            using (NpgsqlCommand oldest = PostgresSql.Command(
                connection, "SELECT id, kept_bytes FROM dead_letters ORDER BY id LIMIT $1", PostgresSql.Integer(DropPage)))
            {
                using NpgsqlDataReader row = await oldest.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                while ((letters > database.Options.DeadLettersMax || bytes > database.Options.DeadLetterBytesMax)
                    && await row.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    last = row.GetInt64(0);
                    letters--;
                    bytes -= row.GetInt64(1);
                }
            }

            if (await PostgresSql.ExecuteAsync(connection, "DELETE FROM dead_letters WHERE id <= $1", cancellationToken, PostgresSql.Long(last))
                .ConfigureAwait(false) == 0)
            {
                // Somebody emptied the table by hand.
                return (0, 0);
            }
        }

        return (letters, bytes);
    }

    private static DeadLetter ToLetter(NpgsqlDataReader row) => new()
    {
        Id = row.GetInt64(0),
        Source = row.GetString(1),
        Lane = row.GetInt32(2),
        Partition = row.GetInt32(3),
        Offset = row.GetInt64(4),
        Ordinal = row.GetInt32(5),
        Group = row.GetString(6),
        Feature = row.GetString(7),
        Reason = row.GetString(8),
        Error = row.GetString(9),
        AtMs = row.GetInt64(10),
        Length = row.GetInt64(11),
        Sha256 = row.GetString(12),
    };
}

using System.Text;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary><see cref="IDeadLetterStore"/> in catalog.db. The totals are kept in memory, for no other process writes the file.</summary>
internal sealed class SqliteDeadLetterStore(SqliteCatalog catalog, SqliteStoreOptions options) : IDeadLetterStore
{
    private const string Columns =
        "id, source, lane, source_partition, source_offset, ordinal, group_name, feature, reason, error, at, length, sha256";

    private const string AddSql = """
        INSERT INTO dead_letters (source, lane, source_partition, source_offset, ordinal, group_name, feature, reason, error, at,
            length, sha256, kept_bytes, bytes)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
        ON CONFLICT DO NOTHING
        """;

    private const string ListSql = $"SELECT {Columns} FROM dead_letters WHERE id < ?1 ORDER BY id DESC LIMIT ?2";

    private const string ListReasonSql =
        $"SELECT {Columns} FROM dead_letters WHERE reason = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2";

    private Totals? _totals;

    /// <inheritdoc/>
    public async ValueTask AddAsync(IReadOnlyList<DeadLetter> letters, CancellationToken cancellationToken)
    {
        if (letters.Count > 0)
        {
            await catalog.RunAsync(database => Add(database, letters), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<DeadLetter>> ListAsync(
        string? reason, long? beforeId, int limit, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        return await catalog.RunAsync(database => List(database, reason, beforeId ?? long.MaxValue, limit), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask<DeadLetter?> ReadAsync(long id, CancellationToken cancellationToken) => await catalog.RunAsync(
        database =>
        {
            var read = database.Statement($"SELECT {Columns}, bytes FROM dead_letters WHERE id = ?1").Bind(1, id);
            var letter = read.Step() ? ToLetter(read) with { Bytes = read.Bytes(13).ToArray() } : null;
            read.Reset();
            return letter;
        },
        cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyDictionary<string, long>> CountAsync(CancellationToken cancellationToken) =>
        await catalog.RunAsync<IReadOnlyDictionary<string, long>>(
            static database =>
            {
                Dictionary<string, long> counts = new(StringComparer.Ordinal);
                var read = database.Statement("SELECT reason, count(*) FROM dead_letters GROUP BY reason");
                while (read.Step())
                {
                    counts.Add(read.Text(0), read.Long(1));
                }

                read.Reset();
                return counts;
            },
            cancellationToken).ConfigureAwait(false);

    private bool Add(SqliteDatabase database, IReadOnlyList<DeadLetter> letters)
    {
        var totals = _totals ?? ReadTotals(database);
        database.Write(() =>
        {
            foreach (var letter in letters)
            {
                totals = Insert(database, letter, totals);
            }

            totals = DropOldest(database, totals);
            return true;
        });
        _totals = totals;
        return true;
    }

    private static Totals Insert(SqliteDatabase database, DeadLetter letter, Totals totals)
    {
        var bytes = letter.Bytes.Span[..Math.Min(letter.Bytes.Length, DeadLetter.BytesMax)];
        var keptBytes = bytes.Length + Encoding.UTF8.GetByteCount(letter.Error);
        database.Statement(AddSql)
            .Bind(1, letter.Source).Bind(2, letter.Lane).Bind(3, letter.Partition).Bind(4, letter.Offset).Bind(5, letter.Ordinal)
            .Bind(6, letter.Group).Bind(7, letter.Feature).Bind(8, letter.Reason).Bind(9, letter.Error).Bind(10, letter.AtMs)
            .Bind(11, letter.Length).Bind(12, letter.Sha256).Bind(13, keptBytes).Bind(14, bytes)
            .Run();
        return database.Changes == 0 ? totals : new Totals(totals.Letters + 1, totals.Bytes + keptBytes);
    }

    private Totals DropOldest(SqliteDatabase database, Totals totals)
    {
        var (letters, bytes) = totals;
        var last = 0L;
        var oldest = database.Statement("SELECT id, kept_bytes FROM dead_letters ORDER BY id");
        while ((letters > options.DeadLettersMax || bytes > options.DeadLetterBytesMax) && oldest.Step())
        {
            last = oldest.Long(0);
            letters--;
            bytes -= oldest.Long(1);
        }

        oldest.Reset();
        if (last > 0)
        {
            database.Statement("DELETE FROM dead_letters WHERE id <= ?1").Bind(1, last).Run();
        }

        return new Totals(letters, bytes);
    }

    private static Totals ReadTotals(SqliteDatabase database)
    {
        var read = database.Statement("SELECT count(*), coalesce(sum(kept_bytes), 0) FROM dead_letters");
        _ = read.Step();
        var totals = new Totals(read.Long(0), read.Long(1));
        read.Reset();
        return totals;
    }

    private static List<DeadLetter> List(SqliteDatabase database, string? reason, long beforeId, int limit)
    {
        var select = database.Statement(reason is null ? ListSql : ListReasonSql).Bind(1, beforeId).Bind(2, limit);
        if (reason is not null)
        {
            select.Bind(3, reason);
        }

        List<DeadLetter> letters = [];
        while (select.Step())
        {
            letters.Add(ToLetter(select));
        }

        select.Reset();
        return letters;
    }

    private static DeadLetter ToLetter(SqliteStatement row) => new()
    {
        Id = row.Long(0),
        Source = row.Text(1),
        Lane = (int)row.Long(2),
        Partition = (int)row.Long(3),
        Offset = row.Long(4),
        Ordinal = (int)row.Long(5),
        Group = row.Text(6),
        Feature = row.Text(7),
        Reason = row.Text(8),
        Error = row.Text(9),
        AtMs = row.Long(10),
        Length = row.Long(11),
        Sha256 = row.Text(12),
    };

    private sealed record Totals(long Letters, long Bytes);
}

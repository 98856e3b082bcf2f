using System.Globalization;

namespace FeatureActors.Integration.Tests.Oracle;

/// <summary>
/// The SQL of one group, from the formulas of docs/architecture alone. A window of size W, slot r and offset O holds at T
/// the events not after T whose slot floor(ts / r) · r lies from floor((T − O − W) / r) · r to floor((T − O) / r) · r.
/// </summary>
/// <remarks>
/// Table <c>events</c> has the columns of the file. <see cref="CreateRows"/> makes the group's own table once: its rows with
/// the key as JSON, the exit of each row (the time from which none of its slots is alive) and whether it begins a life of its
/// key. <see cref="CreateLive"/> then says for one T which keys have a live slot and since when they live.
/// </remarks>
internal sealed class OracleSql(OracleGroup group)
{
    private const string DataColumns = "ts_ms, seq, user_id, item_id, category_id, action, value, event_id";

    private string Rows => $"rows_{group.Name}";

    private string Live(long at) => $"live_{group.Name}_{Text(at)}";

    internal string CreateRows() => $"""
        CREATE TABLE {Rows} AS
        WITH taken AS (
            SELECT {Key()} AS k, {DataColumns}, {Exit()} AS exit_ms
            FROM events
            WHERE ({group.Where ?? "true"}) AND {string.Join(" AND ", group.Key.Select(k => $"{k} IS NOT NULL"))}),
        lives AS (
            SELECT *, max(exit_ms) OVER (
                PARTITION BY k ORDER BY ts_ms ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS alive_until
            FROM taken)
        SELECT k, {DataColumns}, exit_ms, coalesce(alive_until <= ts_ms, true) AND exit_ms IS NOT NULL AS begins
        FROM lives;
        CREATE INDEX ON {Rows} (ts_ms);
        ANALYZE {Rows};
        """;

    internal string CreateLive(long at) => $"""
        CREATE TABLE {Live(at)} AS
        SELECT k, max(ts_ms) FILTER (WHERE begins) AS since
        FROM {Rows}
        WHERE ts_ms <= {Text(at)}
        GROUP BY k
        HAVING max(exit_ms) > {Text(at)};
        ANALYZE {Live(at)};
        """;

    /// <summary>Columns k and value, both JSON text, one row for each live key; SQL's NULL is JSON's.</summary>
    internal string Values(OracleFeature feature, OracleWindow? window, long at)
    {
        string values = feature.Type == OracleType.Ratio
            ? Ratio(feature, window!, at)
            : $"SELECT k, ({Json(feature)})::text AS value FROM ({Aggregate(feature, window, at)}) a";
        string empty = IsZeroWhenEmpty(feature) ? "'0'" : "NULL";
        return $"SELECT k, coalesce(v.value, {empty}) FROM {Live(at)} LEFT JOIN ({values}) v USING (k)";
    }

    private static bool IsZeroWhenEmpty(OracleFeature feature) => feature.Type is OracleType.Count or OracleType.Sum;

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static long Floor(long ms, long width) => ms - (((ms % width) + width) % width);

    /// <summary>Whether the feature counts the row: its filter is true, and neither `of` nor `key` is NULL.</summary>
    private static string Counts(OracleFeature feature) => string.Join(" AND ", new[]
    {
        $"({feature.Where ?? "true"})",
        feature.Of is null ? "true" : $"{feature.Of} IS NOT NULL",
        feature.Key is null ? "true" : $"{feature.Key} IS NOT NULL",
    });

    /// <summary>A string column is ordered bytewise, a number by value.</summary>
    private static string Ordered(string column) =>
        column is "value" or "seq" ? column : $"{column} COLLATE \"C\"";

    private string Key() => group.Key.Length == 1
        ? $"to_json({group.Key[0]})::text"
        : $"'[' || {string.Join(" || ',' || ", group.Key.Select(k => $"to_json({k})::text"))} || ']'";

    private string Exit()
    {
        if (group.IdleExpiry is { } idle)
        {
            return idle.SizeMs is null ? Text(long.MaxValue) : Leaves(idle);
        }

        IEnumerable<string> exits =
            from feature in @group.Features
            from window in feature.Windows
            where feature.Type != OracleType.Ratio
            select $"CASE WHEN {Counts(feature)} THEN {Leaves(window)} END";
        return $"greatest({string.Join(", ", exits)})";

        static string Leaves(OracleWindow window) =>
            $"ts_ms / {Text(window.SlotMs)} * {Text(window.SlotMs)} + {Text(window.OffsetMs + window.SizeMs!.Value + window.SlotMs)}";
    }

    private string Source(OracleFeature feature, OracleWindow? window, long at)
    {
        if (window?.SizeMs is not { } size)
        {
            return $"{Rows} JOIN {Live(at)} USING (k) WHERE ts_ms >= since AND ts_ms <= {Text(at)} AND {Counts(feature)}";
        }

        long r = window.SlotMs;
        long oldest = Floor(at - window.OffsetMs - size, r);
        long newest = Floor(at - window.OffsetMs, r);

        // The second line repeats the first in a form that the index serves.
        return $"""
            {Rows}
            WHERE ts_ms / {Text(r)} * {Text(r)} BETWEEN {Text(oldest)} AND {Text(newest)} AND ts_ms <= {Text(at)}
              AND ts_ms >= {Text(oldest)} AND {Counts(feature)}
            """;
    }

    /// <summary>One row per key with what <see cref="Json"/> makes the value of.</summary>
    private string Aggregate(OracleFeature feature, OracleWindow? window, long at)
    {
        string source = Source(feature, window, at);
        string of = feature.Of ?? "NULL";
        string direction = feature.Type is OracleType.First ? "ASC" : "DESC";
        switch (feature.Type)
        {
            case OracleType.Count:
                return $"SELECT k, count(*) AS x FROM {source} GROUP BY k";
            case OracleType.Sum:
                return $"SELECT k, sum({of}) AS x FROM {source} GROUP BY k";
            case OracleType.Avg:
                return $"SELECT k, avg({of})::double precision AS x FROM {source} GROUP BY k";
            case OracleType.Min:
                return $"SELECT k, min({Ordered(of)}) AS x FROM {source} GROUP BY k";
            case OracleType.Max:
                return $"SELECT k, max({Ordered(of)}) AS x FROM {source} GROUP BY k";
            case OracleType.Latest:
            case OracleType.First or OracleType.Last when !feature.Distinct:
                return Newest(feature, $"SELECT k, ts_ms, {of} AS x FROM {source}", direction);
            case OracleType.First or OracleType.Last:
                string time = feature.Type == OracleType.First ? "min" : "max";
                return Newest(feature, $"SELECT k, {time}(ts_ms) AS ts_ms, {of} AS x FROM {source} GROUP BY k, {of}", direction);
            case OracleType.CountMap or OracleType.SumMap:
                return $"""
                    SELECT k, json_object_agg(name, x ORDER BY name COLLATE "C") AS x FROM (
                        SELECT k, {feature.Key} AS name, {(feature.Of is null ? "count(*)" : $"sum({of})")} AS x
                        FROM {source} GROUP BY k, {feature.Key}) s
                    GROUP BY k
                    """;
            case OracleType.TopKByCount or OracleType.TopKBySum:
                return Top(feature, source);
            default:
                throw new InvalidOperationException($"{feature.Name}: {feature.Type} has no aggregate");
        }
    }

    /// <summary>The first n by (time, value) in the given direction; written newest first.</summary>
    private static string Newest(OracleFeature feature, string rows, string direction)
    {
        string x = Ordered(feature.Of!).Replace(feature.Of!, "x", StringComparison.Ordinal);
        return $"""
            SELECT k, json_agg(x ORDER BY ts_ms DESC, {x} DESC) AS x FROM (
                SELECT *, row_number() OVER (PARTITION BY k ORDER BY ts_ms {direction}, {x} {direction}) AS place
                FROM ({rows}) r) p
            WHERE place <= {Text(feature.N)} GROUP BY k
            """;
    }

    private static string Top(OracleFeature feature, string source) => $"""
        SELECT k, json_agg(json_build_array(name, x) ORDER BY place) AS x FROM (
            SELECT *, row_number() OVER (
                PARTITION BY k ORDER BY x {(feature.Bottom ? "ASC" : "DESC")}, name COLLATE "C" ASC) AS place
            FROM (
                SELECT k, {feature.Key} AS name, {(feature.Of is null ? "count(*)" : $"sum({feature.Of})")} AS x
                FROM {source} GROUP BY k, {feature.Key}) s) p
        WHERE place <= {Text(feature.N)} GROUP BY k
        """;

    private static string Json(OracleFeature feature) => feature.Type switch
    {
        OracleType.First or OracleType.Last or OracleType.Latest => feature.N == 1 ? "x -> 0" : "x",
        OracleType.CountMap or OracleType.SumMap or OracleType.TopKByCount or OracleType.TopKBySum => "x",
        _ => "to_json(x)",
    };

    /// <summary>Numerator by denominator; NULL where one of them is NULL or the denominator is 0.</summary>
    private string Ratio(OracleFeature feature, OracleWindow window, long at)
    {
        string numerator = Number(feature.Numerator!);
        string denominator = Number(feature.Denominator!);
        return $"""
            SELECT k, to_json(n.x / nullif(d.x, 0))::text AS value
            FROM ({numerator}) n JOIN ({denominator}) d USING (k)
            """;

        string Number(string name)
        {
            OracleFeature part = group.Feature(name);
            OracleWindow own = part.Windows.Single(w => w.Name == window.Name);
            string empty = IsZeroWhenEmpty(part) ? "0" : "NULL";
            return $"""
                SELECT k, coalesce(a.x, {empty})::double precision AS x
                FROM {Live(at)} LEFT JOIN ({Aggregate(part, own, at)}) a USING (k)
                """;
        }
    }
}

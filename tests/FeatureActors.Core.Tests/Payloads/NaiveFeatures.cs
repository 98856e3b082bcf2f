using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using FeatureActors.TestKit.Features;

namespace FeatureActors.Core.Tests.Payloads;

/// <summary>What the feature types mean, computed from all rows of a window and sharing no code with them.</summary>
internal static class NaiveFeatures
{
    public static string? Count(IReadOnlyList<SampleRow> rows) => Text(rows.Sum(r => r.Sign));

    public static string? Sum(IReadOnlyList<SampleRow> rows, int column) => Text(SumOf(rows, column));

    public static string? Avg(IReadOnlyList<SampleRow> rows, int column)
    {
        SampleRow[] taken = [.. rows.Where(r => r.Values[column] is not null)];
        int count = taken.Sum(r => r.Sign);
        return count == 0 ? null : Text(Convert.ToDouble(ToDecimalOrDouble(SumOf(taken, column)), CultureInfo.InvariantCulture) / count);
    }

    public static string? Extreme(IReadOnlyList<SampleRow> rows, int column, bool max)
    {
        object[] values = [.. rows.Select(r => r.Values[column]).OfType<object>().Order(Comparer<object>.Create(Compare))];
        return values.Length == 0 ? null : Scalar(max ? values[^1] : values[0]);
    }

    public static string? Ordered(IReadOnlyList<SampleRow> rows, int column, bool newest, int n, bool distinct)
    {
        var order = Comparer<(long Time, object Value)>.Create(
            static (a, b) => a.Time != b.Time ? a.Time.CompareTo(b.Time) : Compare(a.Value, b.Value));
        IEnumerable<(long Time, object Value)> entries =
            rows.Where(r => r.Values[column] is not null).Select(r => (r.EventTimeMs, r.Values[column]!));
        entries = newest ? entries.OrderDescending(order) : entries.Order(order);
        if (distinct)
        {
            entries = entries.DistinctBy(static e => e.Value);
        }

        object[] best = [.. entries.Take(n).OrderDescending(order).Select(static e => e.Value)];
        return best.Length == 0 ? null
            : n == 1 ? Scalar(best[0])
            : "[" + string.Join(",", best.Select(Json)) + "]";
    }

    /// <summary>Entries with side columns; <paramref name="distinct"/> as the setting is written.</summary>
    public static string? Entries(IReadOnlyList<SampleRow> rows, int of, int[] sides, bool newest, int n, string distinct)
    {
        var order = Comparer<SampleRow>.Create((a, b) =>
        {
            int result = a.EventTimeMs != b.EventTimeMs ? a.EventTimeMs.CompareTo(b.EventTimeMs) : Compare(a.Values[of]!, b.Values[of]!);
            foreach (int side in sides)
            {
                (object? x, object? y) = (a.Values[side], b.Values[side]);
                result = result != 0 ? result : x is null || y is null ? (x is not null).CompareTo(y is not null) : Compare(x, y);
            }

            return result;
        });
        SampleRow[] entries = [.. rows.Where(r => r.Values[of] is not null).OrderDescending(order)];
        if (distinct != "false")
        {
            // DistinctBy keeps the first it meets: the newest occurrence, or in reverse order the oldest.
            bool keepsNewest = distinct == "last" || (distinct == "true" && newest);
            entries = [.. (keepsNewest ? entries : entries.Reverse()).DistinctBy(r => r.Values[of]).OrderDescending(order)];
        }

        entries = newest ? entries[..Math.Min(n, entries.Length)] : entries[Math.Max(0, entries.Length - n)..];
        string[] texts = [.. entries.Select(r => sides.Length == 0
            ? n == 1 ? Scalar(r.Values[of]!) : Json(r.Values[of]!)
            : "[" + string.Join(",", new[] { of }.Concat(sides).Select(i => r.Values[i] is { } value ? Json(value) : "null")) + "]")];
        return texts.Length == 0 ? null : n == 1 ? texts[0] : "[" + string.Join(",", texts) + "]";
    }

    /// <summary>The rows with a composite sub-key as their first value; rows with a NULL in it are left out.</summary>
    public static IReadOnlyList<SampleRow> Joined(IReadOnlyList<SampleRow> rows, int[] keys, int column = -1) =>
    [
        .. rows.Where(r => keys.All(k => r.Values[k] is not null)).Select(r =>
        {
            object?[] values = [string.Join('|', keys.Select(k => EscapeDataString(r.Values[k]!))), column < 0 ? null : r.Values[column]];
            var joined = new SampleRow(r.EventTimeMs, values);
            return r.Sign < 0 ? joined.Retracted() : joined;
        }),
    ];

    public static string? Distinct(IReadOnlyList<SampleRow> rows, int column) =>
        Text(rows.Select(r => r.Values[column]).OfType<object>().Distinct().Count());

    public static string? ListMap(IReadOnlyList<SampleRow> rows, int[] keys, int of, int n, bool distinct)
    {
        string[] entries = [.. rows.Where(r => keys.All(k => r.Values[k] is not null))
            .GroupBy(r => keys.Length == 1 ? r.Values[keys[0]]!.ToString()! : string.Join('|', keys.Select(k => EscapeDataString(r.Values[k]!))))
            .OrderBy(static g => (object)g.Key, Comparer<object>.Create(Compare))
            .Select(g => (g.Key, List: Ordered([.. g], of, newest: true, n, distinct)))
            .Where(static g => g.List is not null)
            .Select(g => Json(g.Key) + ":" + (n > 1 ? g.List : "[" + NewestJson(rows, keys, g.Key, of) + "]"))];
        return entries.Length == 0 ? null : "{" + string.Join(",", entries) + "}";
    }

    public static string? Map(IReadOnlyList<SampleRow> rows, int key, int column)
    {
        string[] entries = [.. Groups(rows, key, column).OrderBy(static g => g.Text, Comparer<object>.Create(Compare))
            .Select(static g => Json(g.Text) + ":" + Json(g.Amount))];
        return entries.Length == 0 ? null : "{" + string.Join(",", entries) + "}";
    }

    public static string? Top(IReadOnlyList<SampleRow> rows, int key, int column, int k, bool bottom)
    {
        var groups = Groups(rows, key, column);
        var byAmount = bottom
            ? groups.OrderBy(static g => g.Amount, Comparer<object>.Create(Compare))
            : groups.OrderByDescending(static g => g.Amount, Comparer<object>.Create(Compare));
        string[] entries = [.. byAmount.ThenBy(static g => g.Text, Comparer<object>.Create(Compare)).Take(k)
            .Select(static g => "[" + Json(g.Key) + "," + Json(g.Amount) + "]")];
        return entries.Length == 0 ? null : "[" + string.Join(",", entries) + "]";
    }

    public static string Json(object value) => value is string text
        ? JsonSerializer.Serialize(text, Relaxed)
        : Text(value);

    public static object SumOf(IReadOnlyList<SampleRow> rows, int column)
    {
        BigInteger whole = 0;
        BigInteger real = 0;
        decimal exact = 0;
        bool isReal = false;
        bool isExact = false;
        foreach (SampleRow row in rows)
        {
            switch (row.Values[column])
            {
                case long value:
                    whole += row.Sign * (BigInteger)value;
                    break;
                case double value:
                    // Test values are multiples of 1/1024, so their sum is exact in integers.
                    isReal = true;
                    real += row.Sign * new BigInteger(value * 1024);
                    break;
                case decimal value:
                    isExact = true;
                    exact += row.Sign * value;
                    break;
                default:
                    break;
            }
        }

        return isReal ? (double)real / 1024 : isExact ? exact : whole;
    }

    public static int Compare(object left, object right) => (left, right) switch
    {
        (string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b)),
        _ => Comparer<object>.Default.Compare(left, right),
    };

    /// <summary>Row count (column −1) or sum per key; keys without rows left out.</summary>
    private static List<(object Key, object Text, object Amount)> Groups(IReadOnlyList<SampleRow> rows, int key, int column) =>
        [.. rows.GroupBy(r => r.Values[key]!).Where(static g => g.Sum(static r => r.Sign) != 0)
            .Select(g => (g.Key, (object)g.Key.ToString()!, column < 0 ? g.Sum(static r => r.Sign) : SumOf([.. g], column)))];

    private static JsonSerializerOptions Relaxed { get; } = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static object ToDecimalOrDouble(object value) => value is BigInteger whole ? (double)whole : value;

    /// <summary>The newest value of one single-column sub-key as it stands in a list.</summary>
    private static string NewestJson(IReadOnlyList<SampleRow> rows, int[] keys, string key, int of) =>
        Json(rows.Where(r => r.Values[keys[0]]?.ToString() == key && r.Values[of] is not null)
            .OrderByDescending(static r => r.EventTimeMs).ThenByDescending(r => r.Values[of]!, Comparer<object>.Create(Compare))
            .First().Values[of]!);

    // RFC 3986 keeps the same characters as entity keys do.
    private static string EscapeDataString(object value) => Uri.EscapeDataString(Convert.ToString(value, CultureInfo.InvariantCulture)!);

    private static string Scalar(object value) => value is string text ? text : Text(value);

    private static string Text(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        decimal number => (number / 1.0000000000000000000000000000m).ToString(CultureInfo.InvariantCulture),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => throw new ArgumentException(value.ToString()),
    };
}

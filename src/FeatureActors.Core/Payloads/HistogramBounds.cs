using System.Globalization;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// The bounds of a histogram in the type of its column, so that every comparison is exact: a bound of 0.1 is that decimal number for a
/// decimal field and the double nearest to it for a double field. Immutable.
/// </summary>
internal sealed class HistogramBounds
{
    private const decimal SmallestDecimal = 0.0000000000000000000000000001m;

    private readonly int _column;
    private readonly double[] _doubles;
    private readonly long[]? _longs;
    private readonly decimal[]? _decimals;
    private readonly int _leading;

    /// <summary>Ascending bounds for a column.</summary>
    public HistogramBounds(NumberColumn column, IReadOnlyList<double> bounds)
    {
        _column = column.Index;
        _doubles = [.. bounds];

        // Bounds that no value of the type reaches: those below all values are at or below every one, those above it are never reached.
        if (column.Type == FieldType.Long)
        {
            _leading = bounds.Count(static b => b <= long.MinValue);
            _longs = [.. bounds.Where(static b => b is > long.MinValue and <= long.MaxValue && Math.Ceiling(b) < long.MaxValue)
                .Select(static b => (long)Math.Ceiling(b))];
        }
        else if (column.Type == FieldType.Decimal)
        {
            _leading = bounds.Count(static b => b <= (double)decimal.MinValue);
            _decimals = [.. bounds.Where(static b => Math.Abs(b) < (double)decimal.MaxValue).Select(ToDecimal)];
        }
    }

    /// <summary>Number of bounds.</summary>
    public int Count => _doubles.Length;

    /// <summary>How many bounds are at or below the row's value.</summary>
    public int BinOf(in RowView row) =>
        _longs is not null ? _leading + AtOrBelow(_longs, row.GetInt64(_column))
        : _decimals is not null ? _leading + AtOrBelow(_decimals, row.GetDecimal(_column))
        : AtOrBelow(_doubles, row.GetDouble(_column));

    private static decimal ToDecimal(double bound)
    {
        decimal value = decimal.Parse(bound.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture);

        // Nothing lies between 0 and the smallest decimal.
        return value == 0 && bound > 0 ? SmallestDecimal : value;
    }

    private static int AtOrBelow<T>(ReadOnlySpan<T> bounds, T value)
        where T : struct, IComparable<T>
    {
        int low = 0;
        int high = bounds.Length;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (bounds[middle].CompareTo(value) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}

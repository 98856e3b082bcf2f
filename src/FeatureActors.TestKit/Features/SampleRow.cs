using FeatureActors.Abstractions.Rows;

namespace FeatureActors.TestKit.Features;

/// <summary>One row for tests: event time, sign and values by column position.</summary>
public sealed class SampleRow
{
    private readonly ByteArena _bytes = new();
    private readonly RowCell[] _cells;

    /// <summary>Builds a row.</summary>
    /// <param name="eventTimeMs">Event time in Unix milliseconds; the ingest time is the same.</param>
    /// <param name="values">Values by column: string, long, int, double, decimal, bool, or null for NULL.</param>
    public SampleRow(long eventTimeMs, params object?[] values)
        : this(eventTimeMs, 1, values)
    {
    }

    private SampleRow(long eventTimeMs, int sign, object?[] values)
    {
        EventTimeMs = eventTimeMs;
        Sign = sign;
        Values = values;
        _cells = new RowCell[values.Length];
        for (int i = 0; i < values.Length; i++)
        {
            _cells[i] = Cell(values[i]);
        }
    }

    /// <summary>Event time in Unix milliseconds.</summary>
    public long EventTimeMs { get; }

    /// <summary>+1 for an insertion, −1 for a retraction.</summary>
    public int Sign { get; }

    /// <summary>Values by column.</summary>
    public IReadOnlyList<object?> Values { get; }

    /// <summary>The row as feature types see it.</summary>
    public RowView View => new(_cells, _bytes.Written, EventTimeMs, EventTimeMs, Sign);

    /// <summary>The same row with the opposite sign.</summary>
    public SampleRow Retracted() => new(EventTimeMs, -Sign, [.. Values]);

    /// <inheritdoc/>
    public override string ToString() =>
        FormattableString.Invariant($"{(Sign < 0 ? '-' : '+')}({EventTimeMs}: {string.Join(", ", Values.Select(static v => v ?? "NULL"))})");

    private RowCell Cell(object? value)
    {
        var cell = new RowCell { IsPresent = value is not null };
        switch (value)
        {
            case null:
                break;
            case string text:
                byte[] utf8 = System.Text.Encoding.UTF8.GetBytes(text);
                cell.Offset = _bytes.Append(utf8);
                cell.Length = utf8.Length;
                break;
            case decimal number:
                cell.Offset = _bytes.Append(number);
                cell.Length = 16;
                break;
            case double number:
                cell.Bits = BitConverter.DoubleToInt64Bits(number);
                break;
            case bool flag:
                cell.Bits = flag ? 1 : 0;
                break;
            default:
                cell.Bits = Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture);
                break;
        }

        return cell;
    }
}

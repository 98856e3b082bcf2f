using System.Runtime.InteropServices;

namespace FeatureActors.Abstractions.Rows;

/// <summary>
/// Read access to one decoded row. Columns are addressed by the position that binding resolved, not by name.
/// Getters do not convert and do not check for NULL: ask <see cref="IsNull"/> first and use the getter of the bound type.
/// A stack-only view: it is valid only during the call that received it.
/// </summary>
public readonly ref struct RowView
{
    private readonly ReadOnlySpan<RowCell> _cells;
    private readonly ReadOnlySpan<byte> _bytes;

    /// <summary>Builds a view over <paramref name="cells"/>, whose strings and decimals stand in <paramref name="bytes"/>.</summary>
    public RowView(ReadOnlySpan<RowCell> cells, ReadOnlySpan<byte> bytes, long eventTimeMs, long ingestTimeMs, int sign)
    {
        _cells = cells;
        _bytes = bytes;
        EventTimeMs = eventTimeMs;
        IngestTimeMs = ingestTimeMs;
        Sign = sign;
    }

    /// <summary>When it happened, in Unix milliseconds, after clamping to <c>max-future</c>.</summary>
    public long EventTimeMs { get; }

    /// <summary>When the ingest actor read it, in Unix milliseconds.</summary>
    public long IngestTimeMs { get; }

    /// <summary>+1 for an insertion, −1 for a retraction.</summary>
    public int Sign { get; }

    /// <summary>True when the column is NULL.</summary>
    public bool IsNull(int column) => !_cells[column].IsPresent;

    /// <summary>The value of a <see cref="FieldType.Long"/> column.</summary>
    public long GetInt64(int column) => _cells[column].Bits;

    /// <summary>The value of a <see cref="FieldType.Double"/> column.</summary>
    public double GetDouble(int column) => BitConverter.Int64BitsToDouble(_cells[column].Bits);

    /// <summary>The value of a <see cref="FieldType.Boolean"/> column.</summary>
    public bool GetBoolean(int column) => _cells[column].Bits != 0;

    /// <summary>The value of a <see cref="FieldType.Decimal"/> column.</summary>
    public decimal GetDecimal(int column)
    {
        ref readonly RowCell cell = ref _cells[column];
        return new decimal(MemoryMarshal.Cast<byte, int>(_bytes.Slice(cell.Offset, cell.Length)));
    }

    /// <summary>The UTF-8 text of a <see cref="FieldType.String"/> column.</summary>
    public ReadOnlySpan<byte> GetUtf8(int column)
    {
        ref readonly RowCell cell = ref _cells[column];
        return _bytes.Slice(cell.Offset, cell.Length);
    }
}

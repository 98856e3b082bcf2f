using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Decoding;

/// <summary>
/// What is wrong with the fields of the current event. Kept apart from the result because a later duplicate of a field replaces an
/// earlier wrong one, and because malformed bytes further on say more than a wrong field.
/// </summary>
internal sealed class FieldErrors(int cellCount)
{
    private readonly (DecodeStatus Status, int Position, string? Detail)[] _byCell =
        new (DecodeStatus Status, int Position, string? Detail)[cellCount];

    private int _count;

    public void Clear()
    {
        if (_count > 0)
        {
            Array.Clear(_byCell);
            _count = 0;
        }
    }

    /// <summary>Records the outcome of the newest occurrence of a field.</summary>
    public void Set(int cell, DecodeStatus status, int position, string? detail)
    {
        if (status == DecodeStatus.Ok && _count == 0)
        {
            return;
        }

        _count += (status == DecodeStatus.Ok ? 0 : 1) - (_byCell[cell].Status == DecodeStatus.Ok ? 0 : 1);
        _byCell[cell] = (status, position, detail);
    }

    /// <summary>The result for the event: the wrong field that stands first, or else the first required one that is missing.</summary>
    public DecodeResult First(FieldTable table, ReadOnlySpan<RowCell> cells, int length)
    {
        WantedField? first = null;
        WantedField? missing = null;
        foreach (WantedField field in table.Wanted)
        {
            if (field.Cell < 0)
            {
                continue;
            }

            bool isWrong = _count > 0 && _byCell[field.Cell].Status != DecodeStatus.Ok;
            if (isWrong && (first is null || _byCell[field.Cell].Position < _byCell[first.Cell].Position))
            {
                first = field;
            }

            if (field.IsRequired && !isWrong && !cells[field.Cell].IsPresent)
            {
                missing ??= field;
            }
        }

        if (first is not null)
        {
            (DecodeStatus status, int position, string? detail) = _byCell[first.Cell];
            return new DecodeResult(status, first.Name, position, detail);
        }

        return missing is null ? DecodeResult.Ok : new DecodeResult(DecodeStatus.MissingField, missing.Name, length);
    }
}

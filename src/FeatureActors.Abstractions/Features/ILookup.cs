using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Abstractions.Features;

/// <summary>
/// Fills columns of a row from data outside the event (a dimension table). It may never choose key, group or filter: those
/// must be a pure function of the event, or a replay would count differently.
/// </summary>
public interface ILookup
{
    /// <summary>The word by which definitions name it.</summary>
    string Name { get; }

    /// <summary>Types of the columns it fills, in order.</summary>
    IReadOnlyList<FieldType> Columns { get; }

    /// <summary>Finds the values for <paramref name="key"/>.</summary>
    /// <param name="key">UTF-8 key.</param>
    /// <param name="cells">One cell per column, NULL at first.</param>
    /// <param name="bytes">Receives strings; cells point into it, counted from its start.</param>
    /// <returns>False when there is no such key; all columns stay NULL.</returns>
    bool TryFind(ReadOnlySpan<byte> key, Span<RowCell> cells, System.Buffers.IBufferWriter<byte> bytes);
}

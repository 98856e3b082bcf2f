using System.Buffers;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Abstractions.Features;

/// <summary>
/// Fills columns of a row from data outside the event (a dimension table). It may never choose key, group or filter: those
/// must be a pure function of the event, or a replay would count differently. Called on the path of every event: it answers from memory, does not
/// wait and does not allocate. Safe for concurrent calls.
/// </summary>
public interface ILookup
{
    /// <summary>Types of the columns it fills, in order, at least one; the same at every call.</summary>
    IReadOnlyList<FieldType> Columns { get; }

    /// <summary>Finds the values for <paramref name="key"/>.</summary>
    /// <param name="key">UTF-8 key; a long as its decimal digits.</param>
    /// <param name="cells">One cell per column, NULL at first.</param>
    /// <param name="bytes">Receives strings (well-formed UTF-8) and decimals; cells point into it, counted from its start.</param>
    /// <returns>False when there is no such key; all columns stay NULL.</returns>
    bool TryFind(ReadOnlySpan<byte> key, Span<RowCell> cells, IBufferWriter<byte> bytes);
}

/// <summary>
/// A kind of lookup, as a source names it in its <c>lookups</c>. One instance serves the whole process and may be called from any thread.
/// </summary>
public interface ILookupType
{
    /// <summary>The word by which definitions name it, as <c>custom:&lt;name&gt;</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Reads the settings and opens the table. Called more than once for one definition. Mistakes are reported to
    /// <paramref name="settings"/>.
    /// </summary>
    /// <returns>The lookup, or null when a mistake was reported.</returns>
    ILookup? Bind(SettingsBinding settings);
}

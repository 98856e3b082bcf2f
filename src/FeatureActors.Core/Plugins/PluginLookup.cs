using System.Buffers;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;

namespace FeatureActors.Core.Plugins;

/// <summary>A lookup of a plug-in as definitions see it: <c>type = "custom:&lt;name&gt;"</c> in a source's <c>lookups</c>. What it opens is supervised.</summary>
/// <param name="inner">The plug-in's lookup.</param>
/// <param name="plugin">Name of the plug-in.</param>
public sealed class PluginLookupType(ILookupType inner, string plugin)
{
    /// <summary>The word of definitions.</summary>
    public string Name { get; } = CustomKinds.Prefix + inner.Name;

    /// <summary>Opens a lookup of a source; null when a mistake was reported.</summary>
    public PluginLookup? Bind(SettingsBinding settings, string source)
    {
        ArgumentNullException.ThrowIfNull(settings);
        try
        {
            return inner.Bind(settings) is { } lookup
                ? new PluginLookup(lookup, new PluginPart(plugin, "lookup", $"sources.{source}.lookups.{settings.Name}"))
                : null;
        }
#pragma warning disable CA1031 // A plug-in may throw anything; it is a mistake at this place of the definitions.
        catch (Exception error)
#pragma warning restore CA1031
        {
            settings.Error("type", $"lookup {Name} of plug-in {plugin} failed while it was bound: {error.Message}");
            return null;
        }
    }
}

/// <summary>
/// Stands between ingest and the lookup of a plug-in: tells the watch who is called, holds cells to their types, gives NULL while it is
/// switched off, and lets the lookup behind it be exchanged. Safe for concurrent use.
/// </summary>
public sealed class PluginLookup
{
    private volatile ILookup _inner;
    private FaultRate _rate;

    /// <summary>Supervises <paramref name="inner"/>.</summary>
    public PluginLookup(ILookup inner, PluginPart part)
    {
        ArgumentNullException.ThrowIfNull(inner);
        _inner = inner;
        Part = part;
        Columns = [.. inner.Columns];
    }

    /// <summary>The use of the plug-in by one source.</summary>
    public PluginPart Part { get; }

    /// <summary>Types of the columns it fills.</summary>
    public IReadOnlyList<FieldType> Columns { get; }

    /// <summary>Null when <paramref name="next"/> can take the place of this lookup; else why it cannot.</summary>
    public string? RefusalOf(PluginLookup next)
    {
        ArgumentNullException.ThrowIfNull(next);
        return next.Columns.SequenceEqual(Columns) ? null : $"{Part.Name} fills columns of other types now";
    }

    /// <summary>Exchanges the lookup behind this one for that behind <paramref name="next"/>, which was not refused.</summary>
    public void Become(PluginLookup next)
    {
        ArgumentNullException.ThrowIfNull(next);
        _inner = next._inner;
    }

    /// <summary>Fills the cells of one row.</summary>
    /// <param name="key">The key.</param>
    /// <param name="cells">One cell per column; NULL where nothing was found.</param>
    /// <param name="bytes">Receives strings and decimals; the cells point into it.</param>
    /// <param name="scratch">Memory of the caller, for this call.</param>
    /// <exception cref="PluginFaultException">It threw, or filled what it must not; all cells are NULL.</exception>
    public void Fill(ReadOnlySpan<byte> key, Span<RowCell> cells, ByteArena bytes, ArrayBufferWriter<byte> scratch)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        ArgumentNullException.ThrowIfNull(scratch);
        cells.Clear();
        if (Part.IsOff)
        {
            _rate = default;
            return;
        }

        // Several partitions count here without a lock: a lost count does not change what it is for.
        _rate.Call();
        scratch.ResetWrittenCount();
        PluginCallWatch? watch = PluginCallWatch.Current;
        watch?.Enter(Part);
        try
        {
            if (!_inner.TryFind(key, cells, scratch))
            {
                cells.Clear();
                return;
            }

            Check(cells, scratch.WrittenSpan);
        }
#pragma warning disable CA1031 // A plug-in may throw anything; it costs the columns of this row.
        catch (Exception error)
#pragma warning restore CA1031
        {
            cells.Clear();
            Part.CountFault(error.ToString());
            if (_rate.Fail())
            {
                Part.TrySwitchOff(error.Message);
            }

            throw new PluginFaultException($"lookup {Part.Name} of plug-in {Part.Plugin} failed: {error.Message}", error);
        }
        finally
        {
            watch?.Leave();
        }

        int start = bytes.Append(scratch.WrittenSpan);
        foreach (ref RowCell cell in cells)
        {
            cell.Offset += start;
        }
    }

    private void Check(Span<RowCell> cells, ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < cells.Length; i++)
        {
            if (PluginCells.FlawOf(cells[i], Columns[i], bytes) is { } flaw)
            {
                throw new PluginFaultException($"column {i} is {flaw}");
            }
        }
    }
}

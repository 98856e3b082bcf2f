using System.Runtime.CompilerServices;
using FeatureActors.Core.Batches;

namespace FeatureActors.Core.Entities;

/// <summary>
/// Rows of a batch that go where one before them went and are only counted there, see <see cref="EntityUpdater.SpanOf"/>. A few
/// compares tell so, for most rows of a batch.
/// </summary>
public struct PlacedSpan
{
    private long _fromMs;
    private ulong _lengthMs;
    private ulong _groups;
    private long _ingestMs;
    private long _ingestMask;
    private ulong _idMask;

    /// <summary>The place, or −1 when the rows must be applied one by one.</summary>
    public int Place { get; private set; }

    /// <summary>True when the row goes to <see cref="Place"/>; false of the default value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool Holds(in RowHead head) =>
        (ulong)(head.EventTimeMs - _fromMs) < _lengthMs
        && head.Groups == _groups
        && ((head.IngestTimeMs ^ _ingestMs) & _ingestMask) == 0
        && (head.EventIdHash & _idMask) == 0;

    /// <summary>Rows like <paramref name="head"/>, from <paramref name="fromMs"/> to before <paramref name="endMs"/>.</summary>
    /// <param name="place">Where they go.</param>
    /// <param name="head">One of them.</param>
    /// <param name="fromMs">First event time.</param>
    /// <param name="endMs">First event time behind them.</param>
    /// <param name="isIngestAsked">True when only rows of the same ingest time go there.</param>
    /// <param name="areIdsAsked">True when only rows without an event id go there.</param>
    internal static PlacedSpan Of(int place, in RowHead head, long fromMs, long endMs, bool isIngestAsked, bool areIdsAsked) => new()
    {
        Place = place,
        _fromMs = fromMs,
        _lengthMs = (ulong)(endMs - fromMs),
        _groups = head.Groups,
        _ingestMs = head.IngestTimeMs,
        _ingestMask = isIngestAsked ? -1 : 0,
        _idMask = areIdsAsked ? ulong.MaxValue : 0,
    };
}

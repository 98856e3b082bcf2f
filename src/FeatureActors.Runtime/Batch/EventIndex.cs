using System.Runtime.InteropServices;

namespace FeatureActors.Runtime.Batch;

/// <summary>Bytes of the events of a file, and their order by event time; events of the same time keep the order of the file.</summary>
internal sealed class EventIndex
{
    private const int SegmentBytes = 1024 * 1024;

    private readonly List<byte[]> _segments = [];
    private readonly List<Entry> _entries = [];
    private int _used = SegmentBytes;
    private bool _isSorted = true;

    /// <summary>Number of events.</summary>
    public int Count => _entries.Count;

    /// <summary>Copies an event in.</summary>
    public void Add(long eventTimeMs, long line, ReadOnlySpan<byte> bytes)
    {
        if (_segments.Count == 0 || _segments[^1].Length - _used < bytes.Length)
        {
            // A huge event gets a segment of its own.
            _segments.Add(new byte[Math.Max(SegmentBytes, bytes.Length)]);
            _used = 0;
        }

        bytes.CopyTo(_segments[^1].AsSpan(_used));
        _isSorted &= _entries.Count == 0 || _entries[^1].EventTimeMs <= eventTimeMs;
        _entries.Add(new Entry(eventTimeMs, line, _segments.Count - 1, _used, bytes.Length));
        _used += bytes.Length;
    }

    /// <summary>Puts the events into order.</summary>
    public void Sort()
    {
        if (!_isSorted)
        {
            // Lines rise through the file, so they make the sort stable.
            CollectionsMarshal.AsSpan(_entries).Sort(static (a, b) =>
                a.EventTimeMs != b.EventTimeMs ? a.EventTimeMs.CompareTo(b.EventTimeMs) : a.Line.CompareTo(b.Line));
            _isSorted = true;
        }
    }

    /// <summary>Event time of the event at <paramref name="place"/>.</summary>
    public long EventTimeMs(int place) => _entries[place].EventTimeMs;

    /// <summary>Line of the event at <paramref name="place"/>.</summary>
    public long Line(int place) => _entries[place].Line;

    /// <summary>Bytes of the event at <paramref name="place"/>.</summary>
    public ReadOnlySpan<byte> Bytes(int place)
    {
        ref readonly Entry entry = ref CollectionsMarshal.AsSpan(_entries)[place];
        return _segments[entry.Segment].AsSpan(entry.Start, entry.Length);
    }

    private readonly record struct Entry(long EventTimeMs, long Line, int Segment, int Start, int Length);
}

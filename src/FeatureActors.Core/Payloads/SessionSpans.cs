using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// Times of first and last row of sessions, in order, at least a gap apart. Payload: for each session the distance of its first row to the
/// last one before (varint; the first of all zig-zag from 1970) and its duration (varint). One per thread, reused: it allocates only
/// while it grows.
/// </summary>
internal sealed class SessionSpans
{
    [ThreadStatic]
    private static SessionSpans? PerThread;

    private long[] _first = new long[16];
    private long[] _last = new long[16];
    private long _gapMs;

    /// <summary>Number of sessions.</summary>
    public int Count { get; private set; }

    /// <summary>Most bytes of the payload of a slot.</summary>
    /// <param name="slotMs">Width of the widest slot.</param>
    /// <param name="gapMs">The gap.</param>
    public static long PayloadBytesMax(long slotMs, long gapMs)
    {
        // Sessions begin at least a gap apart, and all distances and durations together fit into the slot.
        long sessions = (Math.Max(slotMs - 1, 0) / gapMs) + 1;
        return Packed.VarintBytesMax + (sessions * 2 * Packed.VarintLength((ulong)slotMs));
    }

    /// <summary>The empty sessions of this thread; those opened before are lost.</summary>
    public static SessionSpans Open(long gapMs)
    {
        SessionSpans spans = PerThread ??= new SessionSpans();
        spans.Count = 0;
        spans._gapMs = gapMs;
        return spans;
    }

    /// <summary>Time between the first and the last row of a session.</summary>
    public long DurationMs(int index) => _last[index] - _first[index];

    /// <summary>Adds a payload; an empty one is nothing.</summary>
    public void Add(ReadOnlySpan<byte> payload)
    {
        int at = 0;
        long time = 0;
        while (at < payload.Length)
        {
            bool isFirst = at == 0;
            ulong distance = Packed.ReadVarint(payload, ref at);
            long first = isFirst ? Packed.UnZigZag(distance) : time + (long)distance;
            time = first + (long)Packed.ReadVarint(payload, ref at);
            Add(first, time);
        }
    }

    /// <summary>Adds rows from <paramref name="first"/> to <paramref name="last"/>, less than a gap apart; false when that changed nothing.</summary>
    public bool Add(long first, long last)
    {
        // Rows come in order more often than not, so it is looked for from the newest on. Sessions from..to are one with the rows.
        int to = Count;
        while (to > 0 && _first[to - 1] - last >= _gapMs)
        {
            to--;
        }

        int from = to;
        while (from > 0 && first - _last[from - 1] < _gapMs)
        {
            from--;
        }

        if (from == to)
        {
            Insert(from, first, last);
            return true;
        }

        first = Math.Min(first, _first[from]);
        last = Math.Max(last, _last[to - 1]);
        bool isChanged = to - from > 1 || first != _first[from] || last != _last[from];
        _first[from] = first;
        _last[from] = last;
        if (to - from > 1)
        {
            _first.AsSpan(to, Count - to).CopyTo(_first.AsSpan(from + 1));
            _last.AsSpan(to, Count - to).CopyTo(_last.AsSpan(from + 1));
            Count -= to - from - 1;
        }

        return isChanged;
    }

    /// <summary>Writes the payload; none without sessions.</summary>
    public void Store(ref FeatureSlot slot)
    {
        int length = 0;
        for (int i = 0; i < Count; i++)
        {
            length += Packed.VarintLength(Distance(i)) + Packed.VarintLength((ulong)DurationMs(i));
        }

        if (slot.Payload.Length != length)
        {
            slot.ResizePayload(length);
        }

        Span<byte> payload = slot.Payload;
        int at = 0;
        for (int i = 0; i < Count; i++)
        {
            at += Packed.WriteVarint(payload[at..], Distance(i));
            at += Packed.WriteVarint(payload[at..], (ulong)DurationMs(i));
        }
    }

    private ulong Distance(int index) => index == 0 ? Packed.ZigZag(_first[0]) : (ulong)(_first[index] - _last[index - 1]);

    private void Insert(int at, long first, long last)
    {
        if (Count == _first.Length)
        {
            Array.Resize(ref _first, Count * 2);
            Array.Resize(ref _last, Count * 2);
        }

        _first.AsSpan(at, Count - at).CopyTo(_first.AsSpan(at + 1));
        _last.AsSpan(at, Count - at).CopyTo(_last.AsSpan(at + 1));
        _first[at] = first;
        _last[at] = last;
        Count++;
    }
}

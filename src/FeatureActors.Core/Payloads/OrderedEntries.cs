using System.Runtime.CompilerServices;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// Walks the entries of a first/last payload with n &gt; 1, best first. Layout: entry count (varint); when the list is full, the
/// distance in milliseconds from its best to its worst time (varint); then per entry its time (the first: zig-zag varint of Unix
/// milliseconds; the others: varint distance from the entry before), the value's length (varint) and the value.
/// Times do not refer to the slot's start, so a payload can be merged into a slot that starts elsewhere.
/// </summary>
internal ref struct OrderedEntries
{
    private readonly ReadOnlySpan<byte> _payload;
    private readonly bool _newest;
    private int _next;

    /// <summary>Starts before the first entry.</summary>
    public OrderedEntries(ReadOnlySpan<byte> payload, int countMax, bool newest)
    {
        _payload = payload;
        _newest = newest;
        Index = -1;
        if (!payload.IsEmpty)
        {
            Count = (int)Packed.ReadVarint(payload, ref _next);
            SpanMs = Count == countMax ? (long)Packed.ReadVarint(payload, ref _next) : 0;
        }

        HeaderLength = _next;
    }

    /// <summary>Number of entries.</summary>
    public int Count { get; }

    /// <summary>Distance from the best to the worst time; only of a full list.</summary>
    public long SpanMs { get; }

    /// <summary>Bytes before the first entry.</summary>
    public int HeaderLength { get; }

    /// <summary>Index of the current entry.</summary>
    public int Index { get; private set; }

    /// <summary>First byte of the current entry.</summary>
    public int Start { get; private set; }

    /// <summary>First byte behind the current entry.</summary>
    public readonly int End => _next;

    /// <summary>Time of the current entry.</summary>
    public long TimeMs { get; private set; }

    /// <summary>First byte of the current value.</summary>
    public int ValueStart { get; private set; }

    /// <summary>The current value.</summary>
    public readonly ReadOnlySpan<byte> Value => _payload[ValueStart.._next];

    /// <summary>Moves to the next entry; false behind the last.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext()
    {
        if (++Index >= Count)
        {
            return false;
        }

        Start = _next;
        ulong time = Packed.ReadVarint(_payload, ref _next);
        TimeMs = Index == 0 ? Packed.UnZigZag(time) : _newest ? TimeMs - (long)time : TimeMs + (long)time;
        int length = (int)Packed.ReadVarint(_payload, ref _next);
        ValueStart = _next;
        _next += length;
        return true;
    }
}

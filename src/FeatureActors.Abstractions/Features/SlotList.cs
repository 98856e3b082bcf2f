namespace FeatureActors.Abstractions.Features;

/// <summary>Where one slot's payload stands in its feature's bytes.</summary>
/// <param name="StartMs">Start of the slot in Unix milliseconds; <see cref="long.MinValue"/> for the slot of a lifetime window.</param>
/// <param name="Offset">First payload byte.</param>
/// <param name="Length">Payload length in bytes.</param>
public readonly record struct SlotReference(long StartMs, int Offset, int Length);

/// <summary>The slots of one window, oldest first, read only. Valid only during the call that received it.</summary>
public readonly ref struct SlotList
{
    private readonly ReadOnlySpan<SlotReference> _slots;
    private readonly ReadOnlySpan<byte> _bytes;

    /// <summary>Builds a list over <paramref name="slots"/>, whose payloads stand in <paramref name="bytes"/>.</summary>
    public SlotList(
        ReadOnlySpan<SlotReference> slots, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> shared, long nowMs, long windowMs = 0)
    {
        _slots = slots;
        _bytes = bytes;
        Shared = shared;
        NowMs = nowMs;
        WindowMs = windowMs;
    }

    /// <summary>Number of slots, at least 1.</summary>
    public int Count => _slots.Length;

    /// <summary>The bytes that all slots of the feature on this entity share.</summary>
    public ReadOnlySpan<byte> Shared { get; }

    /// <summary>The time T for which the window is evaluated, in Unix milliseconds.</summary>
    public long NowMs { get; }

    /// <summary>
    /// Length of the window in milliseconds where it is fixed: the size of a sliding window, the period of a tumbling one that is a
    /// duration. 0 for every other window.
    /// </summary>
    public long WindowMs { get; }

    /// <summary>The slots from <paramref name="first"/> on, as a window of <paramref name="windowMs"/>.</summary>
    public SlotList From(int first, long windowMs) => new(_slots[first..], _bytes, Shared, NowMs, windowMs);

    /// <summary>Start of slot <paramref name="index"/>.</summary>
    public long StartMs(int index) => _slots[index].StartMs;

    /// <summary>Payload of slot <paramref name="index"/>.</summary>
    public ReadOnlySpan<byte> Payload(int index) => _bytes.Slice(_slots[index].Offset, _slots[index].Length);
}

namespace FeatureActors.Abstractions.Features;

/// <summary>Owner of a slot's bytes; grows them. The runtime and the test kit implement it, feature types only see <see cref="FeatureSlot"/>.</summary>
public abstract class SlotStorage
{
    /// <summary>The bytes of the open slot.</summary>
    public abstract Span<byte> Payload { get; }

    /// <summary>The bytes shared by all slots of the feature on this entity.</summary>
    public abstract Span<byte> Shared { get; }

    /// <summary>Start of the open slot in Unix milliseconds; <see cref="long.MinValue"/> for the slot of a lifetime window.</summary>
    public abstract long SlotStartMs { get; }

    /// <summary>Inserts <paramref name="count"/> zero bytes at <paramref name="at"/>, or removes −count bytes from there on.</summary>
    public abstract void SplicePayload(int at, int count);

    /// <summary>Inserts <paramref name="count"/> zero bytes at <paramref name="at"/>, or removes −count bytes from there on.</summary>
    public abstract void SpliceShared(int at, int count);
}

/// <summary>
/// A growable view of one slot of one feature on one entity. Spans taken from it are invalid after any splice or resize.
/// </summary>
public readonly ref struct FeatureSlot
{
    private readonly SlotStorage _storage;

    /// <summary>Opens the slot that <paramref name="storage"/> points to.</summary>
    public FeatureSlot(SlotStorage storage) => _storage = storage;

    /// <summary>The slot's bytes; empty for a new slot.</summary>
    public Span<byte> Payload => _storage.Payload;

    /// <summary>The bytes that all slots of the feature on this entity share; empty at first.</summary>
    public Span<byte> Shared => _storage.Shared;

    /// <summary>Start of the slot in Unix milliseconds; <see cref="long.MinValue"/> for the slot of a lifetime window.</summary>
    public long StartMs => _storage.SlotStartMs;

    /// <summary>Makes the payload <paramref name="length"/> bytes long: zeros are added or bytes cut at its end.</summary>
    public void ResizePayload(int length) => SplicePayload(Math.Min(length, Payload.Length), length - Payload.Length);

    /// <summary>Makes the shared part <paramref name="length"/> bytes long: zeros are added or bytes cut at its end.</summary>
    public void ResizeShared(int length) => SpliceShared(Math.Min(length, Shared.Length), length - Shared.Length);

    /// <summary>Inserts <paramref name="count"/> zero bytes at <paramref name="at"/>; a negative count removes that many bytes from there on.</summary>
    public void SplicePayload(int at, int count)
    {
        if (count != 0)
        {
            _storage.SplicePayload(at, count);
        }
    }

    /// <summary>Inserts <paramref name="count"/> zero bytes at <paramref name="at"/>; a negative count removes that many bytes from there on.</summary>
    public void SpliceShared(int at, int count)
    {
        if (count != 0)
        {
            _storage.SpliceShared(at, count);
        }
    }
}

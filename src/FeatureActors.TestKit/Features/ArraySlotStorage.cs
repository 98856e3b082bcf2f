using FeatureActors.Abstractions.Features;

namespace FeatureActors.TestKit.Features;

/// <summary>
/// One slot and one shared part in plain arrays, for tests of feature types. Allocates only while an array grows. Every splice
/// overwrites the bytes it gives up, so that a span kept across a splice is noticed. Not safe for concurrent use.
/// </summary>
public sealed class ArraySlotStorage : SlotStorage
{
    private byte[] _payload = new byte[64];
    private byte[] _shared = new byte[64];
    private int _payloadLength;
    private int _sharedLength;
    private long _startMs;

    /// <inheritdoc/>
    public override Span<byte> Payload => _payload.AsSpan(0, _payloadLength);

    /// <inheritdoc/>
    public override Span<byte> Shared => _shared.AsSpan(0, _sharedLength);

    /// <inheritdoc/>
    public override long SlotStartMs => _startMs;

    /// <summary>Opens a slot with a copy of <paramref name="payload"/>; the shared part stays.</summary>
    public void Open(long startMs, ReadOnlySpan<byte> payload)
    {
        _startMs = startMs;
        _payloadLength = 0;
        SplicePayload(0, payload.Length);
        payload.CopyTo(_payload);
    }

    /// <summary>Replaces the shared part by a copy of <paramref name="shared"/>.</summary>
    public void OpenShared(ReadOnlySpan<byte> shared)
    {
        _sharedLength = 0;
        SpliceShared(0, shared.Length);
        shared.CopyTo(_shared);
    }

    /// <inheritdoc/>
    public override void SplicePayload(int at, int count) => Splice(ref _payload, ref _payloadLength, at, count);

    /// <inheritdoc/>
    public override void SpliceShared(int at, int count) => Splice(ref _shared, ref _sharedLength, at, count);

    private static void Splice(ref byte[] bytes, ref int length, int at, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)at, (uint)length, nameof(at));
        ArgumentOutOfRangeException.ThrowIfLessThan(length - at + count, 0, nameof(count));
        int behind = count < 0 ? at - count : at;
        if (bytes.Length < length + count)
        {
            byte[] old = bytes;
            bytes = new byte[Math.Max(length + count, old.Length * 2)];
            old.AsSpan(0, length).CopyTo(bytes);
            old.AsSpan().Fill(0xDD);
        }

        bytes.AsSpan(behind, length - behind).CopyTo(bytes.AsSpan(behind + count));
        if (count > 0)
        {
            bytes.AsSpan(at, count).Clear();
        }

        length += count;
        bytes.AsSpan(length).Fill(0xDD);
    }
}

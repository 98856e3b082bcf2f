using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Plugins;

/// <summary>
/// A copy of the slot of a plug-in as it was before some rows, and which rows have been applied since. Copying the state of a large slot
/// costs more than an update of it, so one copy serves all rows of a batch that go into the slot. Not safe for concurrent use.
/// </summary>
internal sealed class SlotUndo
{
    // What a failure applies again at most; then a new copy is made.
    private const int RowsMax = 256;

    private const int NoRun = -1;

    private readonly int[] _rows = new int[RowsMax];
    private byte[] _payload = new byte[256];
    private byte[] _shared = new byte[256];
    private int _payloadLength;
    private int _sharedLength;
    private long _run = NoRun;
    private long _startMs;
    private int _count;

    /// <summary>The rows that were applied since the copy was made.</summary>
    public ReadOnlySpan<int> Rows => _rows.AsSpan(0, _count);

    /// <summary>True when the copy was made in this run, of the slot that starts at that time, and can take one more row.</summary>
    public bool Covers(long run, long startMs) => _run == run && _startMs == startMs && _count < RowsMax;

    /// <summary>Copies the slot at the start of rows, or of some of them.</summary>
    public void Begin(long run, long startMs, in FeatureSlot slot)
    {
        _run = run;
        _startMs = startMs;
        _count = 0;
        Keep(slot);
    }

    /// <summary>Copies the slot, and forgets no row.</summary>
    public void Keep(in FeatureSlot slot)
    {
        _payloadLength = Copy(slot.Payload, ref _payload);
        _sharedLength = Copy(slot.Shared, ref _shared);
    }

    /// <summary>A row was applied.</summary>
    public void Done(int row) => _rows[_count++] = row;

    /// <summary>Makes the slot what the copy is.</summary>
    public void Restore(ref FeatureSlot slot)
    {
        slot.ResizePayload(_payloadLength);
        _payload.AsSpan(0, _payloadLength).CopyTo(slot.Payload);
        slot.ResizeShared(_sharedLength);
        _shared.AsSpan(0, _sharedLength).CopyTo(slot.Shared);
    }

    /// <summary>The copy is of no more use: the slot was restored or dropped.</summary>
    public void Forget() => _run = NoRun;

    private static int Copy(ReadOnlySpan<byte> bytes, ref byte[] copy)
    {
        if (copy.Length < bytes.Length)
        {
            copy = new byte[Math.Max(bytes.Length, copy.Length * 2)];
        }

        bytes.CopyTo(copy);
        return bytes.Length;
    }
}

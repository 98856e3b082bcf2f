using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// One slot of <c>distinct</c>: ids of values in ascending order, and a sketch of those that have none.
/// <code>
/// byte 0   id width (1, 2, 4); plus 16 when there is a sketch
/// then     with a sketch: its length in 2 bytes, the sketch
/// then     the ids
/// </code>
/// Empty when there is neither. The width only grows while a slot lives.
/// </summary>
internal readonly ref struct DistinctPayload
{
    private const byte HasSketch = 16;
    private const int SketchHeaderBytes = 3;

    private readonly ReadOnlySpan<byte> _ids;
    private readonly int _width;

    /// <summary>Reads a payload.</summary>
    public DistinctPayload(ReadOnlySpan<byte> payload)
    {
        _width = 1;
        if (payload.IsEmpty)
        {
            return;
        }

        _width = payload[0] & 15;
        if ((payload[0] & HasSketch) != 0)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(payload[1..]);
            Sketch = payload.Slice(SketchHeaderBytes, length);
            _ids = payload[(SketchHeaderBytes + length)..];
        }
        else
        {
            _ids = payload[1..];
        }

        Count = _ids.Length / _width;
    }

    /// <summary>Number of ids.</summary>
    public int Count { get; }

    /// <summary>The sketch; empty when there is none.</summary>
    public ReadOnlySpan<byte> Sketch { get; }

    /// <summary>Most bytes of a payload without its sketch.</summary>
    public static long BytesMax(int keysMax) => SketchHeaderBytes + ((long)keysMax * SubKeyIds.WidthOf((uint)keysMax - 1));

    /// <summary>The id at a place.</summary>
    public uint Id(int index) => SubKeyIds.Read(_ids, _width, index);

    /// <summary>Index of an id, or the complement of the index at which it would stand.</summary>
    public int IndexOf(uint id) => SubKeyIds.IndexOf(_ids, _width, Count, id);

    /// <summary>Adds an id that is not there.</summary>
    public static void Insert(ref FeatureSlot slot, uint id)
    {
        if (slot.Payload.IsEmpty)
        {
            slot.ResizePayload(1);
            slot.Payload[0] = 1;
        }

        var payload = new DistinctPayload(slot.Payload);
        int count = payload.Count;
        int index = ~payload.IndexOf(id);
        int width = Math.Max(payload._width, SubKeyIds.WidthOf(id));
        int idsAt = slot.Payload.Length - payload._ids.Length;
        if (width != payload._width)
        {
            Widen(ref slot, idsAt, payload._width, width, count);
        }

        slot.SplicePayload(idsAt + (index * width), width);
        SubKeyIds.Write(slot.Payload.Slice(idsAt + (index * width), width), id);
    }

    /// <summary>Replaces the ids, which are ascending; the sketch stays.</summary>
    public static void Write(ref FeatureSlot slot, ReadOnlySpan<uint> ids)
    {
        if (ids.IsEmpty)
        {
            return;
        }

        int width = SubKeyIds.WidthOf(ids[^1]);
        int idsAt = slot.Payload.IsEmpty ? 1 : slot.Payload.Length - new DistinctPayload(slot.Payload)._ids.Length;
        slot.ResizePayload(idsAt + (ids.Length * width));
        Span<byte> payload = slot.Payload;
        payload[0] = (byte)((payload[0] & HasSketch) | width);
        for (int i = 0; i < ids.Length; i++)
        {
            SubKeyIds.Write(payload.Slice(idsAt + (i * width), width), ids[i]);
        }
    }

    /// <summary>The sketch to be changed; made when there is none.</summary>
    public static PayloadPart OpenSketch(ref FeatureSlot slot)
    {
        if (slot.Payload.IsEmpty)
        {
            slot.ResizePayload(1);
            slot.Payload[0] = 1;
        }

        if ((slot.Payload[0] & HasSketch) == 0)
        {
            slot.SplicePayload(1, SketchHeaderBytes - 1);
            slot.Payload[0] |= HasSketch;
        }

        return new PayloadPart { Start = SketchHeaderBytes, Length = BinaryPrimitives.ReadUInt16LittleEndian(slot.Payload[1..]) };
    }

    /// <summary>Keeps the length of the changed sketch.</summary>
    public static void CloseSketch(in FeatureSlot slot, in PayloadPart sketch) =>
        BinaryPrimitives.WriteUInt16LittleEndian(slot.Payload[1..], (ushort)sketch.Length);

    /// <summary>Spreads the ids in place; every one moves up or stays, so from the last to the first none is overwritten unread.</summary>
    private static void Widen(ref FeatureSlot slot, int idsAt, int from, int to, int count)
    {
        slot.ResizePayload(idsAt + (count * to));
        Span<byte> payload = slot.Payload;
        payload[0] = (byte)((payload[0] & HasSketch) | to);
        Span<byte> ids = payload[idsAt..];
        for (int i = count - 1; i >= 0; i--)
        {
            SubKeyIds.Write(ids.Slice(i * to, to), SubKeyIds.Read(ids, from, i));
        }
    }
}

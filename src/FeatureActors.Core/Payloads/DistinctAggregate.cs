using System.Globalization;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// Distinct values by the dictionary that all slots share (<see cref="SubKeys"/>), as long as at most max-keys of them are live on the
/// entity. A value that is new while the dictionary is full goes into a small <see cref="HyperLogLog"/> of its slot; windows with such a
/// slot are flagged as approximate. Slots keep no row counts, so a retraction cannot be applied.
/// <para>
/// A value may be in the sketch of one slot and, when the dictionary had room again, in the dictionary by another. So the others are not
/// estimated alone: they are what the sketches add to a sketch of the known values. Both have the same registers below, so the
/// error of the difference is that of the others, not of the whole.
/// </para>
/// </summary>
internal sealed class DistinctAggregate(FeatureColumn of, int keysMax) : FeatureAggregate
{
    // 2,048 registers, 2.3 % standard error: what a slot can grow by stays small beside the dictionary.
    private const int Precision = 11;

    private readonly int _column = of.Index;

    /// <inheritdoc/>
    public override byte CodecVersion => 1;

    /// <inheritdoc/>
    public override FeatureTraits Traits => FeatureTraits.Numeric;

    /// <inheritdoc/>
    public override long PayloadBytesMax => DistinctPayload.BytesMax(keysMax) + HyperLogLog.BytesMax(Precision);

    /// <inheritdoc/>
    public override long SharedBytesMax => SubKeys.BytesMax(keysMax);

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> EmptyValue => "0"u8;

    /// <inheritdoc/>
    public override string Accuracy { get; } = string.Create(
        CultureInfo.InvariantCulture,
        $"exact up to {keysMax} values, then standard error {100 * HyperLogLog.StandardError(Precision):0.##} %");

    /// <inheritdoc/>
    public override bool Accepts(in RowView row) => !row.IsNull(_column);

    /// <inheritdoc/>
    public override void Apply(in RowView row, ref FeatureSlot slot)
    {
        Span<byte> scratch = stackalloc byte[FieldValue.ScratchBytes];
        ReadOnlySpan<byte> value = FieldValue.Encode(row, _column, of.Type, scratch);
        if (value.Length > SubKeys.TextBytesMax)
        {
            throw new InvalidOperationException(
                $"the value has {value.Length} bytes; distinct takes values of at most {SubKeys.TextBytesMax} bytes");
        }

        uint hash = BytesHash.Of(value);
        int id = SubKeys.Find(slot.Shared, hash, value);
        if (id < 0 && SubKeys.Live(slot.Shared) >= keysMax)
        {
            AddToSketch(StableHash.Of(value), ref slot);
            return;
        }

        if (id < 0)
        {
            id = SubKeys.Insert(ref slot, hash, value);
        }
        else if (new DistinctPayload(slot.Payload).IndexOf((uint)id) < 0)
        {
            SubKeys.AddReference(slot.Shared, id);
        }
        else
        {
            return;
        }

        DistinctPayload.Insert(ref slot, (uint)id);
    }

    /// <inheritdoc/>
    public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
    {
        payload = MergeCopy.Of(payload);
        KeyedScratch<NoSum> scratch = KeyedScratch<NoSum>.Open();
        Join(new DistinctPayload(into.Payload), new DistinctPayload(payload), scratch);
        DistinctPayload.Write(ref into, scratch.Ids);
        foreach (int id in scratch.Releases)
        {
            SubKeys.Release(ref into, id);
        }

        ReadOnlySpan<byte> sketch = new DistinctPayload(payload).Sketch;
        if (!sketch.IsEmpty)
        {
            PayloadPart part = DistinctPayload.OpenSketch(ref into);
            HyperLogLog.Merge(sketch, Precision, ref into, ref part);
            DistinctPayload.CloseSketch(into, part);
        }
    }

    /// <inheritdoc/>
    public override void Release(ref FeatureSlot slot)
    {
        int count = new DistinctPayload(slot.Payload).Count;
        for (int i = 0; i < count; i++)
        {
            // The view is taken anew: freeing sub-keys may move the bytes.
            SubKeys.Release(ref slot, (int)new DistinctPayload(slot.Payload).Id(i));
        }
    }

    /// <inheritdoc/>
    public override void Evaluate(in SlotList slots, FeatureValueWriter value)
    {
        IdSet known = IdSet.Open(SubKeys.IdsUsed(slots.Shared));
        bool hasSketch = Find(slots, 0, slots.Count, known);
        Write(slots, known, hasSketch, value);
    }

    /// <inheritdoc/>
    public override void EvaluateNested(in SlotList slots, NestedWindows windows)
    {
        IdSet known = IdSet.Open(SubKeys.IdsUsed(slots.Shared));
        bool hasSketch = false;
        for (int end = slots.Count; windows.MoveNext(); end = windows.First)
        {
            hasSketch |= Find(slots, windows.First, end, known);
            Write(slots.From(windows.First, windows.WindowMs), known, hasSketch, windows.Value);
        }
    }

    /// <summary>Adds the ids of some slots; true when one of them has a sketch.</summary>
    private static bool Find(in SlotList slots, int first, int end, IdSet known)
    {
        bool hasSketch = false;
        for (int i = first; i < end; i++)
        {
            var payload = new DistinctPayload(slots.Payload(i));
            hasSketch |= !payload.Sketch.IsEmpty;
            for (int k = 0; k < payload.Count; k++)
            {
                known.Add(payload.Id(k));
            }
        }

        return hasSketch;
    }

    private static void Write(in SlotList slots, IdSet known, bool hasSketch, FeatureValueWriter value)
    {
        long others = 0;
        if (hasSketch)
        {
            value.Flag(ValueQuality.Approximate);
            others = Others(slots, known.Ids);
        }

        value.Write(known.Ids.Length + others);
    }

    private static void Join(in DistinctPayload left, in DistinctPayload right, KeyedScratch<NoSum> scratch)
    {
        int l = 0;
        int r = 0;
        while (l < left.Count || r < right.Count)
        {
            uint leftId = l < left.Count ? left.Id(l) : uint.MaxValue;
            uint rightId = r < right.Count ? right.Id(r) : uint.MaxValue;
            uint id = Math.Min(leftId, rightId);
            l += leftId == id ? 1 : 0;
            r += rightId == id ? 1 : 0;
            scratch.Append(id, 0, default);
            if (leftId == rightId)
            {
                // Both slots held a reference; the merged slot holds one.
                scratch.AppendRelease((int)id);
            }
        }
    }

    private static void AddToSketch(ulong hash, ref FeatureSlot slot)
    {
        PayloadPart part = DistinctPayload.OpenSketch(ref slot);
        HyperLogLog.Add(hash, Precision, ref slot, ref part);
        DistinctPayload.CloseSketch(slot, part);
    }

    private static long Others(in SlotList slots, ReadOnlySpan<uint> known)
    {
        HyperLogLogUnion union = HyperLogLogUnion.Open(Precision);
        if (known.Length > HyperLogLog.SparseMax(Precision))
        {
            union.MakeDense();
        }

        foreach (uint id in known)
        {
            union.Add(StableHash.Of(SubKeys.Text(slots.Shared, (int)id)));
        }

        double before = union.Estimate;
        for (int i = 0; i < slots.Count; i++)
        {
            union.Add(new DistinctPayload(slots.Payload(i)).Sketch);
        }

        return Math.Max(0, (long)Math.Round(union.Estimate - before));
    }
}

using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>The sum of a column, or the number of rows without one. Payload: the encoded sum.</summary>
/// <typeparam name="TSum">The sum.</typeparam>
/// <param name="column">The column; −1 counts rows, as <see cref="LongSum"/> does.</param>
internal class SumAggregate<TSum>(int column) : FeatureAggregate
    where TSum : struct, ISum<TSum>
{
    /// <inheritdoc/>
    public override byte CodecVersion => TSum.CodecVersion;

    /// <inheritdoc/>
    public override FeatureTraits Traits => FeatureTraits.Invertible | FeatureTraits.Numeric;

    /// <inheritdoc/>
    public override long PayloadBytesMax => TSum.EncodedLengthMax;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> EmptyValue => "0"u8;

    /// <inheritdoc/>
    public override bool Accepts(in RowView row) => column < 0 || !row.IsNull(column);

    /// <inheritdoc/>
    public override void Apply(in RowView row, ref FeatureSlot slot)
    {
        TSum sum = default;
        sum.Add(slot.Payload);
        sum.Add(row, column);
        Store(sum, ref slot);
    }

    /// <inheritdoc/>
    public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
    {
        TSum sum = default;
        sum.Add(into.Payload);
        sum.Add(payload);
        Store(sum, ref into);
    }

    /// <inheritdoc/>
    public override bool TryUpgrade(byte fromVersion, ref FeatureSlot slot) => fromVersion < CodecVersion;

    /// <inheritdoc/>
    public override void Evaluate(in SlotList slots, FeatureValueWriter value)
    {
        TSum sum = default;
        for (int i = 0; i < slots.Count; i++)
        {
            sum.Add(slots.Payload(i));
        }

        Write(sum, slots.WindowMs, value);
    }

    /// <inheritdoc/>
    public override void EvaluateNested(in SlotList slots, NestedWindows windows)
    {
        TSum sum = default;
        for (int end = slots.Count; windows.MoveNext(); end = windows.First)
        {
            for (int i = windows.First; i < end; i++)
            {
                sum.Add(slots.Payload(i));
            }

            Write(sum, windows.WindowMs, windows.Value);
        }
    }

    /// <summary>Writes what a sum is worth over a window of <paramref name="windowMs"/>, 0 when that is not fixed.</summary>
    protected virtual void Write(in TSum sum, long windowMs, FeatureValueWriter value) => sum.Write(value);

    private static void Store(in TSum sum, ref FeatureSlot slot)
    {
        int length = sum.EncodedLength;
        if (slot.Payload.Length != length)
        {
            slot.ResizePayload(length);
        }

        sum.Encode(slot.Payload);
    }
}

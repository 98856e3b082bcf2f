using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Histories.Tests.Driving;

/// <summary>A planted fault: whenever two slots become one, the other slot is added twice, or not at all.</summary>
/// <param name="inner">What merges as it should.</param>
/// <param name="times">How often.</param>
internal sealed class WrongMerging(FeatureAggregate inner, int times) : FeatureAggregate
{
    public override byte CodecVersion => inner.CodecVersion;

    public override FeatureTraits Traits => inner.Traits;

    public override long PayloadBytesMax => inner.PayloadBytesMax;

    public override long SharedBytesMax => inner.SharedBytesMax;

    public override ReadOnlySpan<byte> EmptyValue => inner.EmptyValue;

    public override long AgeingStepMs => inner.AgeingStepMs;

    public override string? Accuracy => inner.Accuracy;

    public override bool Accepts(in RowView row) => inner.Accepts(row);

    public override void Apply(in RowView row, ref FeatureSlot slot) => inner.Apply(row, ref slot);

    public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
    {
        byte[] copy = payload.ToArray();
        for (int i = 0; i < times; i++)
        {
            inner.Merge(copy, ref into);
        }
    }

    public override void Release(ref FeatureSlot slot) => inner.Release(ref slot);

    public override void Evaluate(in SlotList slots, FeatureValueWriter value) => inner.Evaluate(slots, value);

    public override bool IsSpent(in SlotList slots) => inner.IsSpent(slots);

    public override long SpentAtMs(in SlotList slots) => inner.SpentAtMs(slots);

    public override bool TryUpgrade(byte fromVersion, ref FeatureSlot slot) => inner.TryUpgrade(fromVersion, ref slot);
}

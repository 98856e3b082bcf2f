using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// <c>decayed-sum</c>: Σ x · 2^(−(T − t) / half-life), x a numeric field or 1 per row. No windows: the state is worth nothing, and
/// goes, once its value is below <c>epsilon</c>. Payload: <see cref="DecayedValue"/>.
/// </summary>
internal sealed class DecayedSumFeatureType : IFeatureType
{
    private const long HalfLifeMinMs = 1_000;
    private const long HalfLifeMaxMs = 3_650L * 86_400_000;

    // Eight looks per half-life: between two of them a value falls by a twelfth at most.
    private const int StepsPerHalfLife = 8;

    /// <inheritdoc/>
    public string Name => "decayed-sum";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        long halfLifeMs = binding.DurationMs("half-life", null, HalfLifeMinMs, HalfLifeMaxMs);
        double epsilon = binding.Number("epsilon", 1e-6, 1e-300, 1e300);
        if (!binding.Has("of"))
        {
            return new Aggregate(null, halfLifeMs, epsilon);
        }

        return NumberColumn.Bind(binding, "of") is { } of ? new Aggregate(of, halfLifeMs, epsilon) : null;
    }

    private sealed class Aggregate(NumberColumn? column, long halfLifeMs, double epsilon) : FeatureAggregate
    {
        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.Invertible | FeatureTraits.Numeric | FeatureTraits.Unwindowed;

        public override long PayloadBytesMax => DecayedValue.PayloadBytesMax;

        public override string Accuracy => FormattableString.Invariant(
            $"within 1e-9 of the sum of the magnitudes; what has fallen below {epsilon} is forgotten");

        public override long AgeingStepMs { get; } = Math.Max(1_000, halfLifeMs / StepsPerHalfLife);

        public override bool Accepts(in RowView row) => column is not { } of || !of.IsNull(row);

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            double amount = row.Sign * (column is { } of ? of.Read(row) : 1);
            DecayedValue value = default;
            value.Add(slot.Payload);
            value.Add(amount, row.EventTimeMs, halfLifeMs);
            if (!value.IsFinite)
            {
                throw new OverflowException("the decayed sum is beyond the range of double");
            }

            value.Store(ref slot);
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            DecayedValue value = default;
            value.Add(into.Payload);
            value.Add(payload);
            value.Store(ref into);
        }

        public override bool IsSpent(in SlotList slots) => Math.Abs(Total(slots).At(slots.NowMs, halfLifeMs)) < epsilon;

        public override long SpentAtMs(in SlotList slots)
        {
            long belowMs = Total(slots).BelowMs(epsilon, halfLifeMs);

            // It is looked at on multiples of the step only.
            return belowMs == long.MaxValue ? belowMs : (belowMs / AgeingStepMs * AgeingStepMs) + AgeingStepMs;
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            double now = Total(slots).At(slots.NowMs, halfLifeMs);
            if (Math.Abs(now) >= epsilon)
            {
                value.Write(now);
            }
        }

        private static DecayedValue Total(in SlotList slots)
        {
            DecayedValue total = default;
            for (int i = 0; i < slots.Count; i++)
            {
                total.Add(slots.Payload(i));
            }

            return total;
        }
    }
}

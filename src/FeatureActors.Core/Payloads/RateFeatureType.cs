using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// <c>rate</c>: rows, or the sum of a numeric field, per unit of time: Σ · per / length of the window, a double. Payload: the encoded
/// sum, as <c>sum</c> has it.
/// </summary>
internal sealed class RateFeatureType : IFeatureType
{
    private const long PerMaxMs = 366L * 86_400_000;

    /// <inheritdoc/>
    public string Name => "rate";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        long perMs = binding.DurationMs("per", 1_000, 1, PerMaxMs);
        return !binding.Has("of")
            ? new Aggregate<LongSum>(-1, perMs)
            : NumberColumn.Bind(binding, "of") switch
            {
                { Type: FieldType.Long } column => new Aggregate<LongSum>(column.Index, perMs),
                { Type: FieldType.Double } column => new Aggregate<DoubleSum>(column.Index, perMs),
                { Type: FieldType.Decimal } column => new Aggregate<DecimalSum>(column.Index, perMs),
                _ => null,
            };
    }

    private sealed class Aggregate<TSum>(int column, long perMs) : SumAggregate<TSum>(column)
        where TSum : struct, ISum<TSum>
    {
        public override FeatureTraits Traits => base.Traits | FeatureTraits.FixedLength;

        protected override void Write(in TSum sum, long windowMs, FeatureValueWriter value)
        {
            if (windowMs > 0)
            {
                value.Write(sum.Value * perMs / windowMs);
            }
        }
    }
}

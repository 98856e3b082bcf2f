using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary><c>sum</c> of a long, double or decimal field. Absent when it cannot be represented.</summary>
internal sealed class SumFeatureType : IFeatureType
{
    /// <inheritdoc/>
    public string Name => "sum";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding) =>
        binding.RequiredColumn("of", FieldType.Long, FieldType.Double, FieldType.Decimal) switch
        {
            { Type: FieldType.Long } column => new SumAggregate<LongSum>(column.Index),
            { Type: FieldType.Double } column => new SumAggregate<DoubleSum>(column.Index),
            { Type: FieldType.Decimal } column => new SumAggregate<DecimalSum>(column.Index),
            _ => null,
        };
}

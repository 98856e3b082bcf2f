using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// The feature types that come with the product, written against the same interfaces as plug-ins. <c>ratio</c> is none of
/// them: it is computed from other fields.
/// </summary>
public static class BuiltInFeatureTypes
{
    /// <summary>All of them; names are unique.</summary>
    public static IReadOnlyList<IFeatureType> All { get; } =
    [
        new CountFeatureType(),
        new SumFeatureType(),
        new AvgFeatureType(),
        ExtremeFeatureType.Min(),
        ExtremeFeatureType.Max(),
        OrderedFeatureType.First(),
        OrderedFeatureType.Last(),
        OrderedFeatureType.Latest(),
        OrderedFeatureType.Convert(),
        KeyedFeatureType.CountMap(),
        KeyedFeatureType.SumMap(),
        KeyedFeatureType.TopK(),
        new ListMapFeatureType(),
        new DistinctFeatureType(),
        new DistinctApproxFeatureType(),
        VarianceFeatureType.Variance(),
        VarianceFeatureType.StandardDeviation(),
        new RateFeatureType(),
        new DecayedSumFeatureType(),
        new QuantileFeatureType(),
        new HistogramFeatureType(),
        SessionFeatureType.Count(),
        SessionFeatureType.Duration(),
    ];
}

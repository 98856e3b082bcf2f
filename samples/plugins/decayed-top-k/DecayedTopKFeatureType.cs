using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace Samples.Plugins.DecayedTopK;

/// <summary>
/// <c>custom:decayed-top-k</c>: the <c>k</c> sub-keys with the highest scores, where a row of the time t is worth
/// 2^(−(T − t) / half-life) at the time T: <c>[["u1",12.5],["u2",9]]</c>. No windows: a sub-key leaves when its score falls below
/// <c>epsilon</c>, the feature when all have. Above <c>max-keys</c> new sub-keys are left out and the value is flagged as truncated.
/// </summary>
public sealed class DecayedTopKFeatureType : IFeatureType
{
    /// <inheritdoc/>
    public string Name => "decayed-top-k";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        ArgumentNullException.ThrowIfNull(binding);
        FeatureColumn? key = binding.RequiredColumn("key", FieldType.String);
        long halfLifeMs = binding.DurationMs("half-life", null, 1_000, 366L * 86_400_000);
        int k = (int)binding.Integer("k", 10, 1, 100);
        double epsilon = binding.Number("epsilon", 0.01, 1e-6, 1);
        int keysMax = (int)binding.Integer("max-keys", 100, 1, 1_000);
        return key is { } column ? new DecayedTopKAggregate(column.Index, halfLifeMs, k, epsilon, keysMax) : null;
    }
}

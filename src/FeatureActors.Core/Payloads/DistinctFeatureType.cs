using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary><c>distinct</c>: the number of distinct values of a field of any type, exact up to <c>max-keys</c> of them on an entity.</summary>
internal sealed class DistinctFeatureType : IFeatureType
{
    private const int KeysMaxDefault = 1_000;
    private const int KeysMaxLimit = 1_000_000;

    /// <inheritdoc/>
    public string Name => "distinct";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        FeatureColumn? column = binding.RequiredColumn("of");
        int keysMax = (int)binding.Integer("max-keys", KeysMaxDefault, 1, KeysMaxLimit);
        return column is { } of ? new DistinctAggregate(of, keysMax) : null;
    }
}

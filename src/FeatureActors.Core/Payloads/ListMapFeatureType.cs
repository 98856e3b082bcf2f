using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary><c>map-of-lists</c>: per sub-key the n newest values of a field, as <c>last</c> lists them.</summary>
internal sealed class ListMapFeatureType : IFeatureType
{
    private const int CountDefault = 10;
    private const int CountMax = 10_000;
    private const int KeysMaxDefault = 1_000;
    private const int KeysMaxLimit = 1_000_000;

    /// <inheritdoc/>
    public string Name => "map-of-lists";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        SubKeyColumns? key = KeyedFeatureType.Key(binding, mayBeBy: true);
        FeatureColumn? column = binding.RequiredColumn("of");
        int n = (int)binding.Integer("n", CountDefault, 1, CountMax);
        bool distinct = binding.Flag("distinct", false);
        int keysMax = (int)binding.Integer("max-keys", KeysMaxDefault, 1, KeysMaxLimit);
        return key is null || column is not { } of
            ? null
            : new ListMapAggregate(key, new EntryForm(of, []), n, distinct, keysMax);
    }
}

using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// <c>count-map</c>, <c>sum-map</c> and <c>top-k</c>: rows or sums per sub-key, a string or long field or several of them.
/// Settings: <c>key</c> (in maps also <c>by</c>), <c>max-keys</c>, <c>of</c> where sums are kept, and for top-k <c>k</c>, <c>by</c> and <c>order</c>.
/// </summary>
internal sealed class KeyedFeatureType : IFeatureType
{
    private const int KeysMaxDefault = 10_000;
    private const int KeysMaxLimit = 1_000_000;
    private const int RankMax = 10_000;

    private readonly bool _hasSums;
    private readonly bool _ranks;

    private KeyedFeatureType(string name, bool hasSums, bool ranks)
    {
        Name = name;
        _hasSums = hasSums;
        _ranks = ranks;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The type <c>count-map</c>.</summary>
    public static KeyedFeatureType CountMap() => new("count-map", hasSums: false, ranks: false);

    /// <summary>The type <c>sum-map</c>.</summary>
    public static KeyedFeatureType SumMap() => new("sum-map", hasSums: true, ranks: false);

    /// <summary>The type <c>top-k</c>.</summary>
    public static KeyedFeatureType TopK() => new("top-k", hasSums: false, ranks: true);

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        SubKeyColumns? key = Key(binding, mayBeBy: !_ranks);
        var options = new KeyedOptions
        {
            KeysMax = (int)binding.Integer("max-keys", KeysMaxDefault, 1, KeysMaxLimit),
            Rank = _ranks ? (int)binding.Integer("k", null, 1, RankMax) : 0,
            IsBottom = _ranks && binding.Word("order", "top", "top", "bottom") == "bottom",
        };
        bool hasSums = _hasSums || (_ranks && binding.Word("by", "count", "count", "sum") == "sum");
        FeatureColumn? of = null;
        if (hasSums)
        {
            of = binding.RequiredColumn("of", FieldType.Long, FieldType.Double, FieldType.Decimal);
        }
        else if (_ranks && binding.Has("of"))
        {
            binding.Error("of", "is used only when ranked by sums", "add by = sum, or remove it");
        }

        return key is null || (hasSums && of is null) ? null : of?.Type switch
        {
            null => new KeyedAggregate<NoSum>(key, -1, options),
            FieldType.Long => new KeyedAggregate<LongSum>(key, of.Value.Index, options),
            FieldType.Double => new KeyedAggregate<DoubleSum>(key, of.Value.Index, options),
            _ => new KeyedAggregate<DecimalSum>(key, of.Value.Index, options),
        };
    }

    /// <summary>Reads <c>key = a</c> or <c>key = [a, b]</c>; maps may call it <c>by</c>, which is a ranking's word for something else.</summary>
    internal static SubKeyColumns? Key(FeatureBinding binding, bool mayBeBy)
    {
        bool isBy = mayBeBy && binding.Has("by");
        if (isBy && binding.Has("key"))
        {
            binding.Error("by", "means the same as 'key'", "write one of them");
        }

        IReadOnlyList<FeatureColumn>? columns = binding.RequiredColumns(isBy ? "by" : "key", FieldType.String, FieldType.Long);
        return columns is null ? null : new SubKeyColumns(columns);
    }
}

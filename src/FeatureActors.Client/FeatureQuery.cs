using System.Collections.Frozen;
using System.Text;
using FeatureActors.Abstractions.Identity;
using StackExchange.Redis;

namespace FeatureActors.Client;

/// <summary>
/// Which features of one group to read. Made once by <see cref="FeatureClient.Prepare"/> and kept: the names are encoded here, not
/// with each read. Immutable and safe for concurrent calls.
/// </summary>
public sealed class FeatureQuery
{
    // Read with every row: they say whether the key is there, how old it is and what to know about it.
    internal const int MetaCount = 4;

    internal static readonly RedisValue PackedName = "_p"u8.ToArray();

    private readonly FrozenDictionary<string, int> _index;

    internal FeatureQuery(string definitionsNamespace, string group, string[] features)
    {
        Group = group;
        SchemaPrefix = $"fa:{EntityKey.Escape(definitionsNamespace)}:_schema:{EntityKey.Escape(group)}:";
        Features = features;
        KeyPrefix = EntityKey.StorePrefix(definitionsNamespace, group);
        Fields = features.Length == 0
            ? []
            : [.. features.Select(name => (RedisValue)Encoding.UTF8.GetBytes(name)), "_v"u8.ToArray(), "_t"u8.ToArray(), "_flags"u8.ToArray(), PackedName];
        _index = features.Select((name, index) => KeyValuePair.Create(name, index)).ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>Group as in the definitions.</summary>
    public string Group { get; }

    /// <summary>Names as <c>feature:window</c> or <c>feature</c>, in the order of the row; empty when all are read.</summary>
    public IReadOnlyList<string> Features { get; }

    /// <summary>What stands before the entity's key in Redis.</summary>
    public string KeyPrefix { get; }

    /// <summary>What stands before a schema's id in its key.</summary>
    internal string SchemaPrefix { get; }

    internal RedisValue[] Fields { get; }

    /// <summary>The key in Redis of an entity whose parts are escaped and joined here.</summary>
    /// <param name="parts">The raw parts in the order of the entity's <c>key</c>.</param>
    public string BuildKey(params ReadOnlySpan<string> parts) => KeyPrefix + EntityKey.Join(parts);

    /// <summary>Where <see cref="Features"/> has the field, or −1.</summary>
    internal int Find(string feature) => _index.GetValueOrDefault(feature, -1);

    internal int IndexOf(string feature) => _index.TryGetValue(feature, out int index)
        ? index
        : throw new ArgumentException($"the query of group {Group} does not read the feature {feature}; name it in Prepare", nameof(feature));
}

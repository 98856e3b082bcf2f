using System.Text.Json.Serialization;

namespace FeatureActors.Node.Http;

/// <summary>What is known of a shard.</summary>
internal sealed record ShardLine
{
    /// <summary>Entity type.</summary>
    public required string Entity { get; init; }

    /// <summary>Partition of its log.</summary>
    public required int Partition { get; init; }

    /// <summary>Name of the owner; empty for none.</summary>
    public string Owner { get; init; } = "";

    /// <summary>Epoch of the owner.</summary>
    public long Epoch { get; init; }

    /// <summary>A <see cref="Runtime.Shards.ShardState"/>, <c>Unknown</c> when the owner does not answer, or <c>NeverOwned</c>.</summary>
    public required string State { get; init; }

    /// <summary>First log offset that is not applied.</summary>
    public long NextOffset { get; init; }

    /// <summary>Log offset that the next batch will get; null while unknown.</summary>
    public long? LogEnd { get; init; }

    /// <summary>Rows behind the log's end, estimated from batches.</summary>
    public double LagRows { get; init; }

    /// <summary>Age in seconds of what was applied last while something waits, else 0.</summary>
    public double LagSeconds { get; init; }

    /// <summary>Its time T, Unix milliseconds; null while unknown.</summary>
    public long? At { get; init; }

    /// <summary>Entities in memory.</summary>
    public long Entities { get; init; }

    /// <summary>Entities in the checkpoint store only.</summary>
    public long Stored { get; init; }

    /// <summary>Bytes of entities in memory.</summary>
    public long Bytes { get; init; }

    /// <summary>Why it stands still, or is not known; null when all goes on.</summary>
    public string? Halt { get; init; }

    /// <summary>The keys with most rows, with their share of the shard's rows.</summary>
    public IReadOnlyList<KeyShare> TopKeys { get; init; } = [];
}

/// <summary>A key's share.</summary>
/// <param name="Key">The key, as in Redis.</param>
/// <param name="Share">Part of the rows, 0 to 1, estimated from samples.</param>
internal sealed record KeyShare(string Key, double Share);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ShardLine))]
[JsonSerializable(typeof(IReadOnlyList<ShardLine>))]
internal sealed partial class ShardLineJson : JsonSerializerContext;

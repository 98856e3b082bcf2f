namespace FeatureActors.Core.Payloads;

/// <summary>Settings of a map feature.</summary>
internal readonly record struct KeyedOptions
{
    /// <summary>Most distinct sub-keys of an entity over all its slots.</summary>
    public required int KeysMax { get; init; }

    /// <summary>k of top-k; 0 writes the whole map.</summary>
    public required int Rank { get; init; }

    /// <summary>True: the smallest values instead of the largest.</summary>
    public required bool IsBottom { get; init; }
}

namespace FeatureActors.Runtime.Entities;

/// <summary>A key of a batch and its rows.</summary>
internal struct SoughtKey
{
    /// <summary>Stable hash of the key.</summary>
    public ulong Hash;

    /// <summary>Its first row in the batch.</summary>
    public int FirstRow;

    /// <summary>Its last row in the batch.</summary>
    public int LastRow;

    /// <summary>Place of its entity; before the search a guess, see <see cref="EntityTable.Foresee"/>.</summary>
    public int Entity;
}

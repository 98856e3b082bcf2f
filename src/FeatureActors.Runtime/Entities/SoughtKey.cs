using FeatureActors.Core.Sharding;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Runtime.Entities;

/// <summary>A key of a batch and its rows. What each row asks for stands in front and together, for a batch has more keys than fit the first cache.</summary>
internal struct SoughtKey
{
    /// <summary>What tells the key from others of its length.</summary>
    public KeyWords Words;

    /// <summary>First byte of the key in the batch.</summary>
    public int Start;

    /// <summary>Length of the key.</summary>
    public int Length;

    /// <summary>Its last run of rows; mostly the only one.</summary>
    public RowRun Run;

    /// <summary>The first of the runs before, or −1.</summary>
    public int FirstEarlier;

    /// <summary>The last of the runs before, or −1.</summary>
    public int LastEarlier;

    /// <summary>Stable hash of the key.</summary>
    public ulong Hash;

    /// <summary>Place of its entity, or −1; while it is sought a guess.</summary>
    public int Entity;
}

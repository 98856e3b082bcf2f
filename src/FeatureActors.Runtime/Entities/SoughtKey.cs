namespace FeatureActors.Runtime.Entities;

/// <summary>A key of a batch and its rows.</summary>
internal struct SoughtKey
{
    /// <summary>Stable hash of the key.</summary>
    public ulong Hash;

    /// <summary>What tells keys of one length apart, with <see cref="Tail"/>; see <see cref="FeatureActors.Core.Sharding.KeyWords"/>.</summary>
    public ulong Head;

    /// <summary>Second part of <see cref="Head"/>.</summary>
    public ulong Tail;

    /// <summary>First byte of the key in the batch.</summary>
    public int Start;

    /// <summary>Length of the key.</summary>
    public int Length;

    /// <summary>Its first run of rows.</summary>
    public int FirstRun;

    /// <summary>Its last run of rows.</summary>
    public int LastRun;

    /// <summary>Place of its entity; before the search a guess, see <see cref="EntityTable.Foresee"/>.</summary>
    public int Entity;
}

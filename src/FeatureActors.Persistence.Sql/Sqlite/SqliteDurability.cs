namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>What an acknowledged write survives.</summary>
public enum SqliteDurability
{
    /// <summary>
    /// The end of the process only. After a power loss or a crash of the operating system each file is whole, but may have lost
    /// its newest writes, and files may disagree; begin with an empty directory then.
    /// </summary>
    Process = 1,

    /// <summary>
    /// A power loss too: each acknowledged append, checkpoint and position has reached the disk, in this order, so after it log
    /// and state fit each other.
    /// </summary>
    PowerLoss = 2,
}

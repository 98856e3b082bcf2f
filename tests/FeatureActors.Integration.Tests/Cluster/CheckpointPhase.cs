namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>A moment of a checkpoint, as the server sees it in <c>pg_stat_activity</c>.</summary>
/// <param name="Name">What a report calls it.</param>
/// <param name="Reached">True of a backend of the node while it is there.</param>
/// <param name="Held">True of it for as long as a node that was frozen there stays frozen.</param>
internal sealed record CheckpointPhase(string Name, string Reached, string Held)
{
    private const string Copying = "state = 'active' AND query LIKE 'COPY staged%'";
    private const string InTransaction =
        "xact_start IS NOT NULL AND (query LIKE 'WITH removed%' OR query LIKE 'UPDATE shards SET checkpoint_id%' OR query LIKE 'SELECT shard, epoch%')";

    /// <summary>Rows go to the staging table; no lock is held.</summary>
    public static CheckpointPhase Copy { get; } = new("copy", Copying, Copying);

    /// <summary>The shard's row is locked.</summary>
    public static CheckpointPhase Transaction { get; } = new("transaction", InTransaction, InTransaction);

    /// <summary>The server commits, or has just done so, and the node does not know.</summary>
    public static CheckpointPhase Commit { get; } = new(
        "commit", "query = 'COMMIT' AND (state = 'active' OR clock_timestamp() - state_change < '2 ms')", "query = 'COMMIT' AND clock_timestamp() - state_change < '50 ms'");
}

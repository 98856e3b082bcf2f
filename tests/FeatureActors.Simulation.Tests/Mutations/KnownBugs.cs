using FeatureActors.TestKit.Simulation;

namespace FeatureActors.Simulation.Tests.Mutations;

/// <summary>A bug that others have shipped, ready to be planted.</summary>
/// <param name="Name">For the table.</param>
/// <param name="Story">What is wrong.</param>
/// <param name="Plant">Makes it for one world.</param>
internal sealed record KnownBug(string Name, string Story, Func<SimulatedPatch> Plant);

/// <summary>The bugs that the simulator must find. Each stands around the product's code; none of the product knows of them.</summary>
internal static class KnownBugs
{
    public static IReadOnlyList<KnownBug> All { get; } =
    [
        new("stale-callback", "an answer for an instance that is over reaches the node's next instance of the shard", static () => new StaleCallback()),
        new("commit-unknown-is-done", "a commit that was not answered is taken for committed", static () => new UnknownCommitIsDone()),
        new("zombie-publish", "a write that the fence refuses is written under the fence of the day", static () => new ZombiePublish()),
        new("offset-off-by-one", "a restored shard begins one batch too late", static () => new OffsetOffByOne()),
        new("revoked-records", "records read for a revoked instance are applied by the next one", static () => new RevokedRecords()),
        new("exits-lost-on-load", "entities that left memory are not looked at when something leaves their windows", static () => new ExitsLostOnLoad()),
        new("checkpointed-never-published", "a checkpoint forgets which changes are not published yet", static () => new CheckpointedNeverPublished()),
        new("future-moves-clock", "an event ahead of time moves T", static () => new FutureMovesClock()),
        new("redis-tail-unnoticed", "nobody notices that Redis lost its newest writes", static () => new RedisTailUnnoticed()),
        new("duplicate-ingest", "the source marks of a checkpoint are not restored, so what ingest repeats counts again", static () => new DuplicateIngest()),
        new("refused-batch-skipped", "a batch that the log refuses is skipped", static () => new RefusedBatchSkipped()),
        new("partition-count-changed", "one node's ingest places keys over one shard less", static () => new PartitionCountChanged()),
        new("position-saved-early", "a source position is saved before the logs have what is below it", static () => new PositionSavedEarly()),
        new("retry-forgets-fence", "a restarted owner takes Redis as it is: what an earlier owner published later than its checkpoint is not waited for", static () => new FencePositionIgnored()),
    ];
}

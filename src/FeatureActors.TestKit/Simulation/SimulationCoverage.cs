namespace FeatureActors.TestKit.Simulation;

/// <summary>What a run of many seeds must have met, so that its silence means something.</summary>
public static class SimulationCoverage
{
    /// <summary>Every kind of fault, every move between states, every type and every kind of window that the simulator can bring about.</summary>
    public static IReadOnlyList<string> Required { get; } =
    [
        "answer-twice", "append-applied-unanswered", "append-not-applied", "clock-backward", "clock-forward", "commit-disk-full",
        "commit-fenced", "commit-unknown-applied", "commit-unknown-applied-late", "commit-unknown-not-applied", "crash",
        "fence-sink-away", "fence-timeout-applied", "fence-timeout-not-applied", "ingest-crash", "ingest-zombie", "kill-after-fence",
        "kill-after-publish", "kill-between-checkpoint-and-publish", "log-read-twice", "publish-sink-away", "publish-stale-refused",
        "publish-timeout-applied", "publish-timeout-applied-late", "publish-timeout-not-applied", "read-failed", "redis-away",
        "redis-emptied", "retraction-first", "value-trigger-judged", "redis-fence-lost", "redis-key-deleted", "redis-restarted-while-idle", "redis-restored", "revoke",
        "revoke-twice", "second-owner",
        "Assigned → Recovering", "Assigned → Released", "ClockJumped → Draining", "ClockJumped → Recovering", "Draining → Fenced",
        "Draining → Released", "Recovering → ClockJumped", "Recovering → Draining", "Recovering → Fenced", "Recovering → Running",
        "Running → ClockJumped", "Running → Draining", "Running → Fenced",
        .. SimulatedFeatures.Kinds,
    ];
}

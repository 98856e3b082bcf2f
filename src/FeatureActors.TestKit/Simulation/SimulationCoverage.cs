namespace FeatureActors.TestKit.Simulation;

/// <summary>What a run of many seeds must have met, so that its silence means something.</summary>
public static class SimulationCoverage
{
    /// <summary>Every kind of fault that the simulator can bring about.</summary>
    public static IReadOnlyList<string> Faults { get; } =
    [
        "acquire-failed", "acquire-unanswered", "answer-twice", "append-applied-unanswered", "append-not-applied", "append-refused",
        "assigned-before-revoked", "assigned-twice", "batch-damaged", "checkpoint-of-newer-release", "clock-backward", "clock-forward",
        "commit-disk-full", "commit-sql-away", "commit-unknown-applied", "commit-unknown-applied-late", "commit-unknown-not-applied",
        "crash", "crash-while-redis-is-away", "cut-from-log", "cut-from-log-sql-redis", "cut-from-redis", "cut-from-sql", "fence-sink-away",
        "fence-timeout-applied", "fence-timeout-not-applied", "frozen", "joins", "kill-after-fence", "kill-after-publish",
        "kill-between-checkpoint-and-publish", "leaves", "log-away", "log-ends-below-checkpoint", "log-read-stalled", "log-read-twice",
        "lost-callback-late", "position-not-saved", "power-cut-while-redis-is-away", "publish-sink-away", "publish-timeout-applied",
        "publish-timeout-applied-late", "publish-timeout-not-applied", "read-failed", "redis-away", "redis-emptied", "redis-fence-lost",
        "redis-key-deleted", "redis-restarted-while-idle", "redis-restored", "revoke-twice", "revoked-callback-late",
        "revoked-callback-lost", "revoked-callback-never", "revoked-twice", "row-damaged", "sql-away",
    ];

    /// <summary>
    /// Every legal move between the states of a shard but five: docs/testing.md says why nothing, or too little, brings those about.
    /// </summary>
    public static IReadOnlyList<string> Moves { get; } =
    [
        "Assigned → Faulted", "Assigned → LogLostTail", "Assigned → Recovering", "Assigned → Released",
        "ClockJumped → Draining", "ClockJumped → Fenced", "ClockJumped → Recovering",
        "Draining → Fenced", "Draining → Released",
        "Faulted → Released", "LogLostTail → Released",
        "Recovering → ClockJumped", "Recovering → Draining", "Recovering → Faulted", "Recovering → Fenced", "Recovering → Running",
        "Running → ClockJumped", "Running → Draining", "Running → Faulted", "Running → Fenced",
    ];

    /// <summary>What follows from faults: take-overs, refused writes, ends of budgets.</summary>
    public static IReadOnlyList<string> Consequences { get; } =
    [
        "commit-fenced", "doubt", "group-dead-member-ended", "group-live-member-ended", "group-move", "lease-dead-member-ended",
        "lease-live-member-ended", "lease-move", "ownership by a group", "ownership by leases", "publish-stale-refused",
        "retraction-first", "revoke", "revoke-past-budget", "steal", "value-trigger-judged",
    ];

    /// <summary>All of it, and every type and every kind of window.</summary>
    public static IReadOnlyList<string> Required { get; } = [.. Faults, .. Moves, .. Consequences, .. SimulatedFeatures.Kinds];
}

namespace FeatureActors.Persistence.Sql.Leases;

/// <summary>Settings of ownership by leases. All members of a schema have the same.</summary>
public sealed class LeaseOptions
{
    /// <summary>Name of the node, for people who look at the table.</summary>
    public required string Owner { get; init; }

    /// <summary>
    /// Silence after which others take a member's shards, by the database's clock; 1 s to 1 min. Default 4 s. Lower: faster take-over,
    /// more false alarms.
    /// </summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>Time between signs of life and between looks at what others hold; 100 ms to a third of <see cref="Duration"/>. Default 1 s.</summary>
    public TimeSpan Renew { get; init; } = TimeSpan.FromSeconds(1);

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Owner);
        ArgumentOutOfRangeException.ThrowIfLessThan(Duration, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Duration, TimeSpan.FromMinutes(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(Renew, TimeSpan.FromMilliseconds(100));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Renew, Duration / 3);
    }
}

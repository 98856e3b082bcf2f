namespace FeatureActors.LocalServers;

/// <summary>How a <see cref="RedisServer"/> keeps its data. The default keeps nothing over a restart.</summary>
public sealed record RedisServerOptions
{
    /// <summary>Password that clients must give; null for none. Handed over in a file, never in an argument.</summary>
    public string? Password { get; init; }

    /// <summary>True: every write is appended to a log and synced (<c>appendfsync always</c>), so a kill loses nothing.</summary>
    public bool AppendOnly { get; init; }

    /// <summary>True: a stop in order saves <c>dump.rdb</c>, which the next start reads.</summary>
    public bool SaveOnStop { get; init; }

    /// <summary>Full path of an RDB file that the first start reads; null to start empty.</summary>
    public string? InitialDump { get; init; }

    /// <summary>Further lines of redis.conf, such as <c>maxmemory 100mb</c>; later ones win.</summary>
    public IReadOnlyList<string> Directives { get; init; } = [];
}

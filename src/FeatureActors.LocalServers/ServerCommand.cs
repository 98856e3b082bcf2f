namespace FeatureActors.LocalServers;

/// <summary>How one server process is started.</summary>
/// <param name="FileName">The binary.</param>
/// <param name="Arguments">Its arguments; no secrets, they are visible to every user of the machine.</param>
internal sealed record ServerCommand(string FileName, IReadOnlyList<string> Arguments)
{
    /// <summary>The unprivileged user it runs as; null for the current one.</summary>
    internal UnixUser? User { get; init; }

    /// <summary>Where it runs; null for the current folder.</summary>
    internal string? WorkingFolder { get; init; }

    /// <summary>Sent by the kernel when this process dies, however it dies.</summary>
    internal Signal OnParentDeath { get; init; } = Signal.Kill;
}

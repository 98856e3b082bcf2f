namespace FeatureActors.Node.Commands;

/// <summary>What a command's exit code means.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Failed.</summary>
    public const int Failed = 1;

    /// <summary>Bad usage, configuration or definitions; promised and not built yet.</summary>
    public const int Usage = 2;

    /// <summary>A dependency is unreachable.</summary>
    public const int Unavailable = 3;

    /// <summary>A node ended itself and wants to be started again: calls of plug-ins hang in too many of its threads.</summary>
    public const int StartAgain = 4;
}

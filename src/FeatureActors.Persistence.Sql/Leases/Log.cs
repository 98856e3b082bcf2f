using Microsoft.Extensions.Logging;

namespace FeatureActors.Persistence.Sql.Leases;

/// <summary>Messages about leases; ids 5000 to 5099.</summary>
internal static partial class Log
{
    [LoggerMessage(5000, LogLevel.Warning, "Leases of {Member} cannot be looked after; what it holds it keeps: {Error}")]
    public static partial void RoundFailed(ILogger logger, string member, string error);

    [LoggerMessage(5001, LogLevel.Warning, "Others took the leases of {Member}, it was silent for too long; it joins again")]
    public static partial void Ended(ILogger logger, string member);
}

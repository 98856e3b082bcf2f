using Microsoft.Extensions.Logging;

namespace FeatureActors.Node.Hosting;

/// <summary>Messages of the composition; ids 6000 to 6099.</summary>
internal static partial class Log
{
    [LoggerMessage(6000, LogLevel.Warning, "Start waits, up to {Seconds:0.0} s: {Error}")]
    public static partial void StartWaits(ILogger logger, double seconds, string error);

    [LoggerMessage(6001, LogLevel.Information, "Definitions of {Namespace}, version {Version}: {What}")]
    public static partial void DefinitionsInForce(ILogger logger, string @namespace, long version, string what);

    [LoggerMessage(6002, LogLevel.Information, "Node {Node} runs: {Entities} entities, {Shards} shards, {Sources} sources, log {Log}, {Redis}")]
    public static partial void Runs(ILogger logger, string node, int entities, int shards, int sources, string log, string redis);

    [LoggerMessage(6005, LogLevel.Information, "Plug-in {Plugin} {Version} is loaded in place of the one before; state stays")]
    public static partial void PluginLoaded(ILogger logger, string plugin, string version);

    [LoggerMessage(6006, LogLevel.Warning, "What plug-ins are switched off cannot be kept in {Path}, a restart will call them again: {Error}")]
    public static partial void SwitchesLost(ILogger logger, string path, string error);

    [LoggerMessage(6011, LogLevel.Warning, "What plug-ins are switched off is not shared with other nodes until the store answers: {Error}")]
    public static partial void SwitchesNotShared(ILogger logger, string error);

    [LoggerMessage(6004, LogLevel.Warning, "A request through the control socket was not understood: {Error}")]
    public static partial void ControlBroke(ILogger logger, string error);

    [LoggerMessage(6003, LogLevel.Information, "Node {Node} stopped")]
    public static partial void Stopped(ILogger logger, string node);

    [LoggerMessage(6010, LogLevel.Warning, "{What} did not close within {Timeout}; it is left to end with the process")]
    public static partial void CloseTookTooLong(ILogger logger, string what, TimeSpan timeout);
}

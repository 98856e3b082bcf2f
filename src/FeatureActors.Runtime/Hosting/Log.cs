using FeatureActors.Abstractions.Identity;
using FeatureActors.Runtime.Shards;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Runtime.Hosting;

/// <summary>Messages of the hosting folder; ids 2000 to 2099.</summary>
internal static partial class Log
{
    [LoggerMessage(2000, LogLevel.Information, "Shard {ShardId} {From} -> {To}: {Reason}")]
    public static partial void Moved(ILogger logger, ShardId shardId, ShardState from, ShardState to, string reason);

    [LoggerMessage(2001, LogLevel.Error, "Shard {ShardId} stands still in state {State}: {Reason}")]
    public static partial void StandsStill(ILogger logger, ShardId shardId, ShardState state, string reason);

    [LoggerMessage(2002, LogLevel.Warning, "{Text}")]
    public static partial void Alarm(ILogger logger, string text);

    [LoggerMessage(2003, LogLevel.Error, "{Kind} {Part} of plug-in {Plugin} is switched off: {Reason}; ./fa plugins switch-on {Name} calls it again")]
    public static partial void PartOff(ILogger logger, string kind, string part, string plugin, string reason, string name);

    [LoggerMessage(2011, LogLevel.Information, "{Kind} {Part} of plug-in {Plugin} is switched off by command; ./fa plugins switch-on {Name} calls it again")]
    public static partial void PartOffByCommand(ILogger logger, string kind, string part, string plugin, string name);

    [LoggerMessage(2009, LogLevel.Error, "A call of {Part} (plug-in {Plugin}) in {Worker} did not return within {Budget}: its thread is given up, {Stuck} of {Max} are")]
    public static partial void Stuck(ILogger logger, string part, string plugin, string worker, TimeSpan budget, int stuck, int max);

    [LoggerMessage(2010, LogLevel.Critical, "{Stuck} threads hang in plug-ins: the node ends itself to be started again")]
    public static partial void RestartNeeded(ILogger logger, int stuck);

    [LoggerMessage(2004, LogLevel.Warning, "Shard {ShardId} waits and tries again: {Error}")]
    public static partial void ShardWaits(ILogger logger, ShardId shardId, string error);

    [LoggerMessage(2005, LogLevel.Critical, "Shard {ShardId} stopped by a broken invariant; it is acquired again")]
    public static partial void ShardBroke(ILogger logger, Exception error, ShardId shardId);

    [LoggerMessage(2006, LogLevel.Warning, "{Count} dead letters wait to be kept: {Error}")]
    public static partial void DeadLettersWait(ILogger logger, int count, string error);

    [LoggerMessage(2007, LogLevel.Error, "Shard {ShardId} cannot be acquired: {Error}")]
    public static partial void CannotAcquire(ILogger logger, ShardId shardId, string error);

    [LoggerMessage(2008, LogLevel.Warning, "{What} waits and tries again: {Error}")]
    public static partial void Waits(ILogger logger, string what, string error);

    [LoggerMessage(2012, LogLevel.Warning, "The reader of shard {ShardId} gave nothing behind offset {Offset} although the log ends at {End}; it is opened anew")]
    public static partial void ReaderStalled(ILogger logger, ShardId shardId, long offset, long end);

    [LoggerMessage(2013, LogLevel.Warning, "Shard {ShardId} was taken by another node twice within a minute; it rests until this node is given it anew")]
    public static partial void Doubted(ILogger logger, ShardId shardId);

    [LoggerMessage(2015, LogLevel.Information, "Shard {ShardId} applies rows, {Ms} ms after it was given to this node")]
    public static partial void Applies(ILogger logger, ShardId shardId, long ms);

    [LoggerMessage(2016, LogLevel.Warning, "{Count} new dead letters, the newest {Reason}: what they are about does not count, the rest goes on; ./fa dead-letters list shows them")]
    public static partial void DeadLettersKept(ILogger logger, long count, string reason);

    [LoggerMessage(2014, LogLevel.Information, "Warmed up for shards of {Entity} in {Ms} ms")]
    public static partial void WarmedUp(ILogger logger, string entity, long ms);
}

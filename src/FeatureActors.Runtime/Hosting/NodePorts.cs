using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;

namespace FeatureActors.Runtime.Hosting;

/// <summary>Everything outside a node that its actors talk to. The composition root owns and disposes the ports.</summary>
public sealed record NodePorts
{
    /// <summary>State and epochs of shards.</summary>
    public required ICheckpointStore Checkpoints { get; init; }

    /// <summary>The log between ingest and shards.</summary>
    public required IShardLog Log { get; init; }

    /// <summary>Where values go.</summary>
    public required IFeatureSink Sink { get; init; }

    /// <summary>How far sources were read.</summary>
    public required ISourcePositions Positions { get; init; }

    /// <summary>Where unusable events go.</summary>
    public required IDeadLetterStore DeadLetters { get; init; }

    /// <summary>
    /// What an older version of the definitions makes of a source (name, version): events that it was in force for are routed by it. Null
    /// where no older version can be.
    /// </summary>
    public Func<string, long, CancellationToken, ValueTask<IngestPlan>>? OlderPlans { get; init; }

    /// <summary>Which shards this node should own.</summary>
    public required IShardOwnership Ownership { get; init; }

    /// <summary>Uses of plug-ins that the plans do not name: functions.</summary>
    public IReadOnlyList<PluginPart> Plugins { get; init; } = [];

    /// <summary>Told, on a thread of its own, when something of a plug-in was switched off or on: those that are off, with the reason.</summary>
    public Action<IReadOnlyDictionary<string, string>>? PluginsSwitched { get; init; }

    /// <summary>Opens what the node warms up with before it asks for shards; null where it warms up over stores that keep nothing.</summary>
    public Func<CancellationToken, ValueTask<RehearsalPorts>>? OpenRehearsal { get; init; }

    /// <summary>The sources by name.</summary>
    public required IReadOnlyDictionary<string, IEventSource> Sources { get; init; }
}

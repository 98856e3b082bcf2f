namespace FeatureActors.Abstractions.Features;

/// <summary>Which clock a trigger's times are measured on.</summary>
public enum TriggerClock : byte
{
    /// <summary>The shard's clock T: the wall clock when live, event time in replays. Survives restarts.</summary>
    Shard = 1,

    /// <summary>The node's clock; used to limit the rate of writes.</summary>
    Processing = 2,
}

/// <summary>What a trigger knows about a group of one entity.</summary>
/// <param name="ChangedAtMs">Time, on the trigger's clock, of the first change since the last evaluation.</param>
/// <param name="LastEvaluatedMs">Shard time of the last evaluation; <see cref="long.MinValue"/> when there was none.</param>
public readonly record struct TriggerInput(long ChangedAtMs, long LastEvaluatedMs);

/// <summary>Says when the changed features of an entity's group are evaluated. Pure and safe for concurrent calls.</summary>
public interface ITrigger
{
    /// <summary>The clock on which <see cref="NextEvaluationMs"/> answers.</summary>
    TriggerClock Clock { get; }

    /// <summary>
    /// Time at which a changed group is to be evaluated; at or before <see cref="TriggerInput.ChangedAtMs"/> means at once,
    /// <see cref="long.MaxValue"/> means that this trigger does not ask for it.
    /// </summary>
    long NextEvaluationMs(in TriggerInput input);
}

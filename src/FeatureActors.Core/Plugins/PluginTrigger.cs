using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Plugins;

/// <summary>
/// Stands between the engine and a trigger of a plug-in: tells the watch who is called and lets the trigger behind it be exchanged.
/// While it fails or is switched off, changed groups are evaluated as by the default trigger. Safe for concurrent use.
/// </summary>
public class PluginTrigger : ITrigger
{
    // What a group without a stated trigger has.
    private const long FallbackMs = 200;

    private volatile ITrigger _inner;
    private FaultRate _rate;

    /// <summary>Supervises <paramref name="inner"/>.</summary>
    public PluginTrigger(ITrigger inner, PluginPart part)
    {
        ArgumentNullException.ThrowIfNull(inner);
        Part = part;
        _inner = inner;
        Clock = inner.Clock;
    }

    /// <summary>The use of the plug-in.</summary>
    public PluginPart Part { get; }

    /// <inheritdoc/>
    public TriggerClock Clock { get; }

    /// <summary>The trigger behind this one.</summary>
    protected ITrigger Inner => _inner;

    /// <summary>Null when <paramref name="next"/> can take the place of this trigger; else why it cannot.</summary>
    public virtual string? RefusalOf(PluginTrigger next)
    {
        ArgumentNullException.ThrowIfNull(next);
        return next.Clock == Clock && next.GetType() == GetType() ? null : $"trigger {Part.Name} is of another kind now";
    }

    /// <summary>Exchanges the trigger behind this one for that behind <paramref name="next"/>, which was not refused.</summary>
    public void Become(PluginTrigger next)
    {
        ArgumentNullException.ThrowIfNull(next);
        _inner = next._inner;
    }

    /// <inheritdoc/>
    public long NextEvaluationMs(in TriggerInput input)
    {
        if (!Begin(out PluginCallWatch? watch))
        {
            return input.ChangedAtMs + FallbackMs;
        }

        try
        {
            return _inner.NextEvaluationMs(input);
        }
#pragma warning disable CA1031 // A plug-in may throw anything; the group is then evaluated as by the default trigger.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Fail(error);
            return input.ChangedAtMs + FallbackMs;
        }
        finally
        {
            watch?.Leave();
        }
    }

    /// <summary>Begins a call; false while the trigger is switched off.</summary>
    protected bool Begin(out PluginCallWatch? watch)
    {
        watch = null;
        if (Part.IsOff)
        {
            _rate = default;
            return false;
        }

        // Several shards count here without a lock: a lost count does not change what it is for.
        _rate.Call();
        watch = PluginCallWatch.Current;
        watch?.Enter(Part);
        return true;
    }

    /// <summary>Counts a call that failed.</summary>
    protected void Fail(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        Part.CountFault(error.ToString());
        PluginCallWatch.Current?.Report(Part, error);
        if (_rate.Fail())
        {
            Part.TrySwitchOff(error.Message);
        }
    }
}

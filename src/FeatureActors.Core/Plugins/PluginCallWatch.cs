namespace FeatureActors.Core.Plugins;

/// <summary>
/// Says which plug-in call a worker (a shard, an ingest partition) is in. The worker attaches its watch to the thread for a turn;
/// calls enter and leave; another thread samples. Costs two plain writes per call and no clock: a call that is seen with the same
/// number twice has lasted at least the time between the two looks.
/// </summary>
public sealed class PluginCallWatch
{
    [ThreadStatic]
    private static PluginCallWatch? Attached;

    // A step that fails at every key says so often enough with this many.
    private const int FaultsMax = 16;

    private readonly List<(PluginPart Part, Exception Error)> _faults = [];
    private PluginPart? _part;
    private long _number;

    /// <summary>The watch of the worker whose turn this thread runs, or null.</summary>
    public static PluginCallWatch? Current => Attached;

    /// <summary>Makes this the watch of the calls of this thread; null at the end of a turn.</summary>
    public static void Attach(PluginCallWatch? watch) => Attached = watch;

    /// <summary>Calls that failed and were made up for, which the worker dead-letters and clears. Worker thread only.</summary>
    public IReadOnlyList<(PluginPart Part, Exception Error)> Faults => _faults;

    /// <summary>Keeps what a call threw, up to a bound; the part has counted it. Worker thread only.</summary>
    public void Report(PluginPart part, Exception error)
    {
        if (_faults.Count < FaultsMax)
        {
            _faults.Add((part, error));
        }
    }

    /// <summary>Forgets the faults: what a plug-in threw is of its own world, which must be able to go. Worker thread only.</summary>
    public void ClearFaults() => _faults.Clear();

    /// <summary>A call begins. Worker thread only.</summary>
    public void Enter(PluginPart part)
    {
        _number++;
        Volatile.Write(ref _part, part);
    }

    /// <summary>The call is over. Worker thread only.</summary>
    public void Leave() => Volatile.Write(ref _part, null);

    /// <summary>The call under way and its number; no part when there is none. Any thread.</summary>
    public (PluginPart? Part, long Number) Sample()
    {
        PluginPart? part = Volatile.Read(ref _part);
        return (part, Volatile.Read(ref _number));
    }
}

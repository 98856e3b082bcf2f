namespace FeatureActors.Core.Plugins;

/// <summary>
/// One use of a plug-in on this node: a feature with its type, or a function. Carries what supervision knows about it. Safe for
/// concurrent use.
/// </summary>
/// <param name="plugin">Name of the plug-in.</param>
/// <param name="kind">What it is, in a word: feature, function, trigger.</param>
/// <param name="name">Its name: of a function as expressions write it; of a feature until <see cref="Name"/> is set with its group.</param>
public sealed class PluginPart(string plugin, string kind, string name)
{
    /// <summary>The reason of what a person switched off: nothing is wrong with it.</summary>
    public const string ByCommand = "switched off by command";

    private volatile bool _isOff;
    private volatile string? _offReason;
    private volatile string? _lastError;
    private volatile string _name = name;
    private readonly Lock _lock = new();
    private long _faults;

    /// <summary>Name of the plug-in.</summary>
    public string Plugin { get; } = plugin;

    /// <summary>What it is: feature, function, trigger.</summary>
    public string Kind { get; } = kind;

    /// <summary>Name by which people speak of it: <c>group.feature</c>, or the name of the function.</summary>
    public string Name
    {
        get => _name;
        set => _name = value;
    }

    /// <summary>True while it is switched off: it is not called.</summary>
    public bool IsOff => _isOff;

    /// <summary>Why it is switched off, or null.</summary>
    public string? OffReason => _offReason;

    /// <summary>True when it is off because a person said so.</summary>
    public bool IsOffByCommand => _offReason == ByCommand;

    /// <summary>What went wrong last, or null.</summary>
    public string? LastError => _lastError;

    /// <summary>Calls that failed since the node started.</summary>
    public long Faults => Interlocked.Read(ref _faults);

    /// <summary>Counts a failed call.</summary>
    public void CountFault(string error)
    {
        _lastError = error;
        Interlocked.Increment(ref _faults);
    }

    /// <summary>Switches it off.</summary>
    /// <returns>True for the one caller who did it; false when it was off already.</returns>
    public bool TrySwitchOff(string reason)
    {
        lock (_lock)
        {
            if (_isOff)
            {
                return false;
            }

            _offReason = reason;
            _isOff = true;
            return true;
        }
    }

    /// <summary>Switches it on again.</summary>
    /// <returns>False when it was on.</returns>
    public bool TrySwitchOn()
    {
        lock (_lock)
        {
            bool wasOff = _isOff;
            _isOff = false;
            _offReason = null;
            return wasOff;
        }
    }
}

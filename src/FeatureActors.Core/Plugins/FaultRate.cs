namespace FeatureActors.Core.Plugins;

/// <summary>
/// Tells a part that fails on most of its calls from one that fails now and then. Looks back over the last 500 to 1,000 calls, so
/// that a good past does not cover a bad present; needs no clock, so that a replay judges alike.
/// </summary>
public struct FaultRate
{
    /// <summary>Fewer failures than this never switch anything off.</summary>
    public const int FaultsMin = 100;

    private const int CallsMax = 1_000;

    private int _calls;
    private int _faults;

    /// <summary>Counts a call.</summary>
    public void Call()
    {
        if (++_calls >= CallsMax)
        {
            _calls /= 2;
            _faults /= 2;
        }
    }

    /// <summary>Counts the call as failed.</summary>
    /// <returns>True when more than half of the calls fail.</returns>
    public bool Fail()
    {
        _faults++;
        return _faults >= FaultsMin && _faults * 2 > _calls;
    }
}

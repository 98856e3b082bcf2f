using FeatureActors.Core.Plugins;

namespace FeatureActors.Runtime.Hosting;

/// <summary>Something whose plug-in calls are watched.</summary>
internal interface IWatched
{
    /// <summary>Says which call it is in.</summary>
    PluginCallWatch Watch { get; }
}

/// <summary>
/// Looks, from a thread of its own, for plug-in calls that do not return: stuck calls hold threads of the pool, so the pool cannot
/// be trusted to run who looks for them.
/// </summary>
internal sealed class StuckCallWatchdog : IDisposable
{
    private static readonly TimeSpan IntervalMax = TimeSpan.FromMilliseconds(250);

    private readonly Func<IEnumerable<IWatched>> _watched;
    private readonly Action<IWatched, PluginPart, TimeSpan> _stuck;
    private readonly Action _looked;
    private readonly TimeSpan _budget;
    private readonly TimeProvider _time;
    private readonly Dictionary<IWatched, Call> _calls = [];
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;

    /// <summary>Starts to look.</summary>
    /// <param name="watched">What there is to watch at the moment.</param>
    /// <param name="stuck">Called once for each call that lasts longer than <paramref name="budget"/>, on the watchdog's thread.</param>
    /// <param name="looked">Called after each look.</param>
    /// <param name="budget">Longest time a call may take.</param>
    /// <param name="time">Measures it.</param>
    public StuckCallWatchdog(
        Func<IEnumerable<IWatched>> watched, Action<IWatched, PluginPart, TimeSpan> stuck, Action looked, TimeSpan budget, TimeProvider time)
    {
        _watched = watched;
        _stuck = stuck;
        _looked = looked;
        _budget = budget;
        _time = time;
        _thread = new Thread(Run) { IsBackground = true, Name = "fa-watchdog" };
        _thread.Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        TimeSpan interval = _budget / 8 < IntervalMax ? _budget / 8 : IntervalMax;
        while (!_stop.Wait(interval))
        {
            Look();
            _looked();
        }
    }

    private void Look()
    {
        IWatched[] present = [.. _watched()];
        foreach (IWatched gone in _calls.Keys.Except(present).ToArray())
        {
            _calls.Remove(gone);
        }

        foreach (IWatched each in present)
        {
            (PluginPart? part, long number) = each.Watch.Sample();
            if (part is null || !_calls.TryGetValue(each, out Call? call) || call.Number != number)
            {
                _calls[each] = new Call(part is null ? -1 : number, _time.GetTimestamp());
                continue;
            }

            TimeSpan lasted = _time.GetElapsedTime(call.SeenAt);
            if (!call.IsReported && lasted >= _budget)
            {
                call.IsReported = true;
                _stuck(each, part, lasted);
            }
        }
    }

    private sealed class Call(long number, long seenAt)
    {
        public long Number => number;

        public long SeenAt => seenAt;

        public bool IsReported { get; set; }
    }
}

using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Node.Hosting.Plugins;

/// <summary>
/// Keeps what is switched off on this node and in the store that all nodes share the same: what failed here is switched off everywhere before its
/// shard moves, a node that starts begins with what is off, and a command at one node is one for all. Compares every
/// <see cref="LookInterval"/>, and at once when something changed here. While the store is away each node has its own switches, and its file.
/// </summary>
internal sealed class SharedSwitches : IAsyncDisposable
{
    /// <summary>Time between two looks into the store.</summary>
    public static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan LastLookBudget = TimeSpan.FromSeconds(2);

    private readonly IPluginSwitches _store;
    private readonly SwitchedOffFile _file;
    private readonly ISwitchedNode _node;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _changed = new(0);
    private readonly Lock _lock = new();

    // Off here and in the store at the last look: what is missing on one side now was switched on there.
    private HashSet<string> _agreed = new(StringComparer.Ordinal);
    private ITimer? _timer;
    private Task _loop = Task.CompletedTask;
    private bool _isAway;

    public SharedSwitches(IPluginSwitches store, SwitchedOffFile file, ISwitchedNode node, TimeProvider time, ILogger logger)
    {
        _store = store;
        _file = file;
        _node = node;
        _time = time;
        _logger = logger;
    }

    /// <summary>Begins to look, again and again until disposed.</summary>
    public void Start()
    {
        _timer = _time.CreateTimer(static self => ((SharedSwitches)self!).Nudge(), this, TimeSpan.Zero, LookInterval);
        _loop = LoopAsync();
    }

    /// <summary>Writes down what is off here and not known to the store, and looks soon. Does not wait.</summary>
    public void Note(IReadOnlyDictionary<string, string> off)
    {
        KeepUntold(off);
        Nudge();
    }

    /// <summary>One comparison of both sides.</summary>
    /// <exception cref="DependencyUnavailableException">The store is away; nothing is switched that it was not asked about.</exception>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, string> shared = await _store.ReadAsync(cancellationToken).ConfigureAwait(false);
        IReadOnlyDictionary<string, string> here = _node.PluginsOff;
        foreach ((string part, string reason) in here.Where(p => !shared.ContainsKey(p.Key)).ToArray())
        {
            if (_agreed.Contains(part))
            {
                await _node.SwitchPluginAsync(part, isOn: true, reason, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await _store.SwitchOffAsync(part, reason, cancellationToken).ConfigureAwait(false);
            }
        }

        foreach ((string part, string reason) in shared.Where(p => !here.ContainsKey(p.Key)).ToArray())
        {
            if (_agreed.Contains(part))
            {
                await _store.SwitchOnAsync(part, cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await _node.SwitchPluginAsync(part, isOn: false, reason, cancellationToken).ConfigureAwait(false);
            }
        }

        HashSet<string> agreed = new(shared.Keys.Where(part => here.ContainsKey(part) || !_agreed.Contains(part)), StringComparer.Ordinal);
        agreed.UnionWith(here.Keys.Where(part => !shared.ContainsKey(part) && !_agreed.Contains(part)));
        agreed.IntersectWith(_node.PluginsOff.Keys);
        _agreed = agreed;
        KeepUntold(_node.PluginsOff);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_timer is not null)
        {
            await _timer.DisposeAsync().ConfigureAwait(false);
        }

        await _loop.ConfigureAwait(false);
        try
        {
            // What was switched off last, perhaps the reason why this node ends, is told before another one has its shards.
            using var budget = new CancellationTokenSource(LastLookBudget, _time);
            await LookAsync(budget.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is DependencyUnavailableException or OperationCanceledException or ObjectDisposedException)
        {
            Log.SwitchesNotShared(_logger, error.Message);
        }

        _stop.Dispose();
        _changed.Dispose();
    }

    private async Task LoopAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _changed.WaitAsync(_stop.Token).ConfigureAwait(false);
                await LookAsync(_stop.Token).ConfigureAwait(false);
                _isAway = false;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is not OperationCanceledException || !_stop.IsCancellationRequested)
            {
                if (!_isAway)
                {
                    Log.SwitchesNotShared(_logger, error.Message);
                }

                _isAway = true;
            }
        }
    }

    // One look answers for all that happened before it.
    private void Nudge()
    {
        if (_changed.CurrentCount == 0)
        {
            _changed.Release();
        }
    }

    private void KeepUntold(IReadOnlyDictionary<string, string> off)
    {
        lock (_lock)
        {
            HashSet<string> agreed = _agreed;
            _file.Write(off.Where(p => !agreed.Contains(p.Key)).ToDictionary(static p => p.Key, static p => p.Value));
        }
    }
}

using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Runtime.Hosting;

/// <content>
/// Plug-ins: exchanging and switching them, and giving up threads that hang in one. A shard's turn runs on a thread of the pool; a
/// call that does not return takes that thread away for good. The pool is told to have as many more threads at once as may be lost,
/// so the other shards go on meanwhile.
/// </content>
public sealed partial class NodeRuntime
{
    private static readonly TimeSpan ExchangeTimeout = TimeSpan.FromSeconds(30);

    private readonly PluginPart[] _parts;
    private readonly CancellationTokenSource _restart = new();
    private readonly SemaphoreSlim _exchangeGate = new(1);
    private Dictionary<string, string> _off = [];
    private long _switchedOff;
    private int _stuckThreads;

    /// <summary>
    /// Exchanges aggregates of plug-ins in every shard, between two of its steps; state stays and is brought to the new codec version.
    /// </summary>
    /// <param name="next">What to exchange, by entity and index of the feature in its plan.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>Null, or why nothing was exchanged.</returns>
    public async Task<string?> ExchangePluginsAsync(
        IReadOnlyDictionary<(string Entity, int Feature), PluginAggregate> next, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(next);
        foreach (((string entity, int feature), PluginAggregate aggregate) in next)
        {
            FeaturePlan plan = _entities[entity].Features[feature];
            if (aggregate.CodecVersion < plan.Aggregate.CodecVersion)
            {
                return $"feature {plan.Name}: the new {plan.Type} writes state of version {aggregate.CodecVersion}, the one that runs wrote version {plan.Aggregate.CodecVersion} already";
            }

            if (aggregate.Traits != plan.Aggregate.Traits || aggregate.AgeingStepMs != plan.Aggregate.AgeingStepMs)
            {
                return $"feature {plan.Name}: the new {plan.Type} has other traits or ages otherwise: restart the node to load it";
            }
        }

        await _exchangeGate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            string? refusal = await ExchangeAsync(next, isTrial: true, cancellationToken).ConfigureAwait(false);
            if (refusal is not null)
            {
                return refusal;
            }

            // Shards acquired from here on begin with the new ones.
            foreach (((string entity, int feature), PluginAggregate aggregate) in next)
            {
                ((PluginAggregate)_entities[entity].Features[feature].Aggregate).Become(aggregate);
            }

            return await ExchangeAsync(next, isTrial: false, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _exchangeGate.Release();
        }
    }

    /// <summary>Switches off what was off when the node ended; before it runs.</summary>
    public void SwitchOff(IReadOnlyDictionary<string, string> reasons)
    {
        ArgumentNullException.ThrowIfNull(reasons);
        foreach (PluginPart part in _parts)
        {
            if (reasons.TryGetValue(part.Name, out string? reason))
            {
                part.TrySwitchOff(reason);
            }
        }
    }

    /// <summary>Switches what is called <paramref name="name"/> on or off, and evaluates everything again.</summary>
    /// <returns>False when it was so already.</returns>
    public async Task<bool> SwitchPluginAsync(string name, bool isOn, string reason, CancellationToken cancellationToken)
    {
        bool isChanged = false;
        foreach (PluginPart part in _parts.Where(p => p.Name == name))
        {
            isChanged |= isOn ? part.TrySwitchOn() : part.TrySwitchOff(reason);
        }

        if (isChanged)
        {
            await _exchangeGate.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await ExchangeAsync(new Dictionary<(string, int), PluginAggregate>(), isTrial: false, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _exchangeGate.Release();
            }
        }

        return isChanged;
    }

    private async Task<string?> ExchangeAsync(
        IReadOnlyDictionary<(string Entity, int Feature), PluginAggregate> next, bool isTrial, CancellationToken cancellationToken)
    {
        var byEntity = next.GroupBy(static n => n.Key.Entity).ToDictionary(
            static e => e.Key,
            static IReadOnlyDictionary<int, PluginAggregate> (e) => e.ToDictionary(static n => n.Key.Feature, static n => n.Value));
        Task<string?>[] answers =
        [
            .. _shards.Actors.Select(
                a => a.ExchangeAsync(byEntity.GetValueOrDefault(a.Shard.Entity, new Dictionary<int, PluginAggregate>()), isTrial)),
        ];
        try
        {
            string?[] refusals = await Task.WhenAll(answers).WaitAsync(ExchangeTimeout, _time, cancellationToken).ConfigureAwait(false);
            return refusals.FirstOrDefault(static r => r is not null);
        }
        catch (TimeoutException)
        {
            return $"not every shard answered within {ExchangeTimeout}; those that run take it at their next step: ask again with ./fa plugins reload";
        }
    }

    private StuckCallWatchdog? StartWatchdog()
    {
        if (_parts.Length == 0)
        {
            return null;
        }

        ThreadPool.GetMinThreads(out int workers, out int completions);
        ThreadPool.SetMinThreads(Math.Max(workers, Environment.ProcessorCount + _options.StuckThreadsMax), completions);
        return new StuckCallWatchdog(
            () => [.. _shards.Actors, .. _partitions.Actors],
            GiveUp,
            ReportSwitched,
            _options.PluginCallBudget,
            _time);
    }

    /// <summary>Gives up the thread of a worker that hangs in a plug-in. On the watchdog's thread.</summary>
    private void GiveUp(IWatched worker, PluginPart part, TimeSpan lasted)
    {
        part.CountFault($"a call did not return within {_options.PluginCallBudget}");
        part.TrySwitchOff($"a call did not return within {_options.PluginCallBudget}");
        int stuck = Interlocked.Increment(ref _stuckThreads);
        string name = worker is ShardActor shard ? $"shard {shard.Shard}" : $"source {((IngestActor)worker).Source}-{((IngestActor)worker).Partition}";
        Log.Stuck(_logger, part.Name, part.Plugin, name, _options.PluginCallBudget, stuck, _options.StuckThreadsMax);
        if (worker is ShardActor actor)
        {
            AbandonShard(actor, part, lasted);
        }
        else if (worker is IngestActor ingest && _partitions.StartAgain(ingest))
        {
            LetterStuck(
                new DeadLetter
                {
                    Source = ingest.Source,
                    Partition = ingest.Partition,
                    Offset = ingest.NextOffset,
                    Reason = "stuck-call",
                    Error = $"{part.Kind} {part.Name} of plug-in {part.Plugin} did not return for {lasted.TotalMilliseconds:F0} ms at ({name}@{ingest.NextOffset}); it is switched off, and the partition is read again from its saved position",
                    AtMs = _time.GetUtcNow().ToUnixTimeMilliseconds(),
                    Bytes = Array.Empty<byte>(),
                    Length = 0,
                });
        }

        if (stuck >= _options.StuckThreadsMax)
        {
            Log.RestartNeeded(_logger, stuck);
            // Elsewhere: what follows may end the watchdog, and this is its thread.
            _ = _restart.CancelAsync();
        }
    }

    private void AbandonShard(ShardActor actor, PluginPart part, TimeSpan lasted)
    {
        string[] names = part.Name.Split('.', 2);
        LetterStuck(
            new DeadLetter
            {
                Source = actor.Shard.Entity,
                Partition = actor.Shard.Partition,
                Offset = actor.NextOffset,
                Ordinal = 0,
                Group = names.Length > 1 ? names[0] : "",
                Feature = names[^1],
                Reason = "stuck-call",
                Error = $"{part.Kind} {part.Name} of plug-in {part.Plugin} did not return for {lasted.TotalMilliseconds:F0} ms in shard {actor.Shard}, at or behind log offset {actor.NextOffset}; it is switched off",
                AtMs = _time.GetUtcNow().ToUnixTimeMilliseconds(),
                Bytes = Array.Empty<byte>(),
                Length = 0,
            });

        // A call that does return after all gives its thread back.
        _shards.Abandon(actor, () => Interlocked.Decrement(ref _stuckThreads));
    }

    private void LetterStuck(DeadLetter letter) => _ = IgnoreEndAsync(_letters.AddAsync(letter, CancellationToken.None).AsTask());

    /// <summary>Says what was switched off since the last look. On the watchdog's thread.</summary>
    private void ReportSwitched()
    {
        Dictionary<string, string> off = [];
        foreach (PluginPart part in _parts.Where(static p => p.IsOff))
        {
            if (off.TryAdd(part.Name, part.OffReason ?? "") && !_off.ContainsKey(part.Name))
            {
                if (part.IsOffByCommand)
                {
                    Log.PartOffByCommand(_logger, part.Kind, part.Name, part.Plugin, part.Name);
                    continue;
                }

                Interlocked.Increment(ref _switchedOff);
                Log.PartOff(_logger, part.Kind, part.Name, part.Plugin, part.OffReason ?? "", part.Name);
            }
        }

        if (off.Count != _off.Count || off.Keys.Any(name => !_off.ContainsKey(name)))
        {
            _off = off;
            _ports.PluginsSwitched?.Invoke(off);
        }
    }
}

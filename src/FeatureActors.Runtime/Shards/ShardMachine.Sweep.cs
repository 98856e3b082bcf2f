using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Sharding;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Shards;

/// <summary>Why all entities are looked at.</summary>
internal enum SweepKind
{
    /// <summary>Refresh expiries, and so find keys that are missing in the sink.</summary>
    Refresh = 1,

    /// <summary>Publish what the store marks as unpublished.</summary>
    Unpublished = 2,

    /// <summary>Write everything again, then delete what no entity stands behind: the sink lost data.</summary>
    Rewrite = 3,
}

/// <content>Passes over all entities at a bounded rate: first those in memory, then those in the store.</content>
internal sealed partial class ShardMachine
{
    private Sweep? _sweep;
    private Sweep? _keysReadFor;
    private ShardOutput.ReadKeys? _keysAsked;
    private long _nextRefreshAt = long.MinValue;

    private void StartSweep(SweepKind kind)
    {
        // A rewrite covers a refresh; what is unpublished is asked for again afterwards.
        if (_sweep is not null && _sweep.Kind == SweepKind.Rewrite && kind != SweepKind.Rewrite)
        {
            return;
        }

        _hasUnpublished &= kind == SweepKind.Refresh;
        _sweep = new Sweep(kind, _monotonicMs);
        _ghosts.Clear();
    }

    private void StepSweep()
    {
        if (State != ShardState.Running || !_isFenceRaised || _isSinkAway || ClockMs == long.MinValue)
        {
            return;
        }

        if (_sweep is null)
        {
            StartRefreshIfTime();
            return;
        }

        _sweep.NeedsStore |= _cold > 0;
        if (_keysReadFor is not null || _forced.Count >= _options.ReadLimit || !_sweep.Refill(_monotonicMs, RateOf(_sweep.Kind)))
        {
            return;
        }

        if (_sweep.IsScanning)
        {
            if (StepScan(_sweep))
            {
                EndSweep();
            }

            return;
        }

        if (_sweep.Kind != SweepKind.Unpublished && SweepMemory(_sweep))
        {
            return;
        }

        // An entity that was cold when the pass began may have been loaded into a place behind it.
        if (!_sweep.NeedsStore && _sweep.Kind != SweepKind.Unpublished)
        {
            EndPass();
            return;
        }

        _keysReadFor = _sweep;
        int limit = (int)Math.Min(_options.ReadLimit, Math.Max(1, _sweep.Tokens));
        _sweep.Limit = limit;
        _keysAsked = new ShardOutput.ReadKeys(_sweep.After, _sweep.Kind == SweepKind.Unpublished, limit);
        _out.Add(_keysAsked);
    }

    private int RateOf(SweepKind kind) => kind == SweepKind.Refresh ? _options.SweepKeysPerSecond : _options.RewriteKeysPerSecond;

    private void StartRefreshIfTime()
    {
        long interval = (long)_options.SweepInterval.TotalMilliseconds;
        if (_nextRefreshAt == long.MinValue)
        {
            _nextRefreshAt = _monotonicMs + interval;
        }

        if (_monotonicMs >= _nextRefreshAt)
        {
            _nextRefreshAt = _monotonicMs + interval;
            ForgetSchemas();
            StartSweep(SweepKind.Refresh);
        }
    }

    /// <summary>Marks loaded entities; true while there are more.</summary>
    private bool SweepMemory(Sweep sweep)
    {
        EntityMarks mark = sweep.Kind == SweepKind.Rewrite ? EntityMarks.ForceWrite : EntityMarks.ForceRefresh;
        while (sweep.Place < _table.PlacesEnd)
        {
            if (sweep.Tokens <= 0 || _forced.Count >= _options.ReadLimit)
            {
                return true;
            }

            int entity = sweep.Place++;
            ref EntitySlot slot = ref _table[entity];
            if ((slot.Marks & EntityMarks.Live) != 0 && (slot.Marks & EntityMarks.Dying) == 0)
            {
                slot.Marks |= mark;
                Force(entity);
                sweep.Tokens--;
            }
        }

        return false;
    }

    private void TakeKeys(ShardInput.KeysLoaded loaded)
    {
        if (!ReferenceEquals(loaded.Question, _keysAsked))
        {
            return;
        }

        _keysAsked = null;
        IReadOnlyList<StoredEntity> entities = loaded.Entities;
        Sweep? readFor = _keysReadFor;
        _keysReadFor = null;
        if (_sweep is null || readFor != _sweep)
        {
            // The answer to a pass that was given up.
            EndRead();
            return;
        }

        _sweep.Tokens -= entities.Count;
        foreach (StoredEntity stored in entities)
        {
            bool isLoaded = _table.Find(stored.Key.Span, StableHash.Of(stored.Key.Span)) >= 0;
            int entity = Admit(stored);
            if (entity < 0)
            {
                continue;
            }

            if (_sweep.Kind == SweepKind.Rewrite || (_sweep.Kind == SweepKind.Refresh && !isLoaded))
            {
                _table[entity].Marks |= _sweep.Kind == SweepKind.Rewrite ? EntityMarks.ForceWrite : EntityMarks.ForceRefresh;
                Force(entity);
            }
        }

        EndRead();
        if (entities.Count < _sweep.Limit)
        {
            EndPass();
        }
        else
        {
            _sweep.After = entities[^1].Key.ToArray();
        }
    }

    private void EndPass()
    {
        if (_sweep!.Kind != SweepKind.Unpublished)
        {
            // Every entity is written by this owner now, or is in memory and marked to be: rows read from here on tell the truth.
            _isSinkAhead = false;
        }

        if (_sweep!.Kind == SweepKind.Rewrite)
        {
            _sweep.IsScanning = true;
        }
        else
        {
            EndSweep();
        }
    }

    private void EndSweep()
    {
        _sweep = null;
        if (_hasUnpublished)
        {
            StartSweep(SweepKind.Unpublished);
        }
    }

    private sealed class Sweep(SweepKind kind, long startedMs)
    {
        private long _refilledMs = startedMs;

        public SweepKind Kind { get; } = kind;

        public int Place { get; set; }

        public ReadOnlyMemory<byte> After { get; set; }

        /// <summary>True when some entity was not in memory at some time of the pass.</summary>
        public bool NeedsStore { get; set; }

        public int Limit { get; set; }

        public long Tokens { get; set; } = 100;

        /// <summary>True once all entities were looked at and only the keys of the sink are left.</summary>
        public bool IsScanning { get; set; }

        public bool HasScanned { get; set; }

        public long ScanCursor { get; set; }

        /// <summary>Adds tokens for the time passed, at most a second's worth; true when there are any.</summary>
        public bool Refill(long nowMs, int perSecond)
        {
            long added = (nowMs - _refilledMs) * perSecond / 1000;
            if (added > 0)
            {
                Tokens = Math.Min(perSecond, Tokens + added);
                _refilledMs = nowMs;
            }

            return Tokens > 0;
        }
    }
}

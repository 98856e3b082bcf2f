using FeatureActors.Histories.Tests.Exact;

namespace FeatureActors.Histories.Tests.Model;

/// <summary>What became of a row.</summary>
internal enum Fate
{
    Taken,
    Late,
    Repeated,
    Filtered,
}

/// <summary>Keeps every row of one entity and computes every field of the group at any T from the formulas alone.</summary>
internal sealed class NaiveGroup
{
    private readonly GroupSpec _spec;
    private readonly List<TakenRow> _rows = [];
    private readonly List<TakenRow> _life = [];
    private readonly HashSet<string> _ids = [];
    private readonly SortedSet<long> _boundaries = [];
    private readonly Dictionary<(FeatureSpec, string), SubKeyBound> _bounds = [];
    private readonly Dictionary<FeatureSpec, List<TakenRow>> _decaying = [];

    // What was as good as at epsilon when it was evaluated: forgotten or not, nobody can say.
    private readonly Dictionary<FeatureSpec, List<TakenRow>> _fading = [];
    private readonly Dictionary<(FeatureSpec, string), Want> _values = [];
    private long _lastMs = long.MinValue;

    public NaiveGroup(GroupSpec spec)
    {
        _spec = spec;
        foreach (FeatureSpec feature in spec.Features.Where(static f => !f.IsComputed))
        {
            IReadOnlyList<WindowSpec> windows = feature.IsBare ? [new LifetimeSpec("", "")] : feature.Windows;
            Fields.AddRange(windows.Select(w => new FieldSpec(feature, w.Name)));
            if (feature.MaxKeys is { } max)
            {
                foreach (IGrouping<string, WindowSpec> state in windows.GroupBy(StateOf))
                {
                    _bounds.Add((feature, state.Key), new SubKeyBound(feature, [.. state], max));
                }
            }

            if (feature.Type == "decayed-sum")
            {
                _decaying.Add(feature, []);
                _fading.Add(feature, []);
            }
        }

        foreach (FeatureSpec feature in spec.Features.Where(static f => f.IsComputed))
        {
            IEnumerable<string>? names = null;
            foreach (string[] windows in feature.Reads.Select(r => Fields.Where(f => f.Feature == r).Select(static f => f.Window).ToArray()))
            {
                if (windows is not [""])
                {
                    names = names is null ? windows : names.Intersect(windows);
                }
            }

            Fields.AddRange((names ?? [""]).Select(n => new FieldSpec(feature, n)));
        }
    }

    public List<FieldSpec> Fields { get; } = [];

    /// <summary>True while something stays that no window takes away.</summary>
    public bool IsAnythingForLife => (_life.Count > 0 || _spec.HasRetractions) && _spec.IdleMs is 0 or long.MaxValue
        && _spec.Features.Any(static f => f.Type is "latest" or "convert" || f.Windows.Any(static w => w.IsForLife));

    /// <summary>The time between evaluations of what changes with T alone; null when there is nothing of the kind.</summary>
    public long? AgeingStepMs => _decaying.Where(static d => d.Value.Count > 0).Select(static d => (long?)Math.Max(1_000, d.Key.HalfLifeMs / 8)).Min();

    /// <summary>The latest time up to T at which a value that changes with T alone has to be evaluated.</summary>
    public long AgesAt(FeatureSpec feature, long nowMs) => feature.IsComputed
        ? feature.Reads.Where(static r => r.IsAgeing).Max(r => AgesAt(r, nowMs))
        : NaiveValues.Of(feature, new LifetimeSpec("", ""), _decaying[feature], nowMs) is not WantNumber ? long.MinValue : WindowSpec.Floor(nowMs, Math.Max(1_000, feature.HalfLifeMs / 8));

    public Fate Apply(HistoryRow row, long nowMs)
    {
        if (_spec.Where is not null && !_spec.Where.Holds(row))
        {
            return Fate.Filtered;
        }

        if (_spec.HasIds && row.EventId is not null && _ids.Contains(row.EventId))
        {
            return Fate.Repeated;
        }

        long time = row.TimeMs;
        if (IdleExit(_lastMs) <= Math.Max(time, nowMs))
        {
            // A row after the idle time begins a new life.
            _life.Clear();
            foreach (SubKeyBound bound in _bounds.Values)
            {
                bound.EndLife();
            }
        }

        // A key of which no feature holds anything leaves the store, and with it the time of its newest row: whether an older row then
        // finds the group alive depends on whether somebody looked in between.
        IsDoubtful |= time < _lastMs && IdleExit(_lastMs) != long.MaxValue && !IsAnythingHeld(nowMs);
        bool isYoung = IdleExit(Math.Max(time, _lastMs)) > nowMs;
        if (!_spec.Features.Any(f => (f.IsBare && isYoung) || f.Type == "decayed-sum" || f.Windows.Any(w => w.CanHold(time, nowMs) && (!w.IsForLife || isYoung))))
        {
            return Fate.Late;
        }

        if (row.EventId is not null)
        {
            _ids.Add(row.EventId);
        }

        _lastMs = Math.Max(_lastMs, time);
        var taken = new TakenRow(row, time, nowMs);
        if (row.Undoes >= 0)
        {
            Undo(taken);
        }
        else
        {
            _rows.Add(taken);
            if (isYoung)
            {
                _life.Add(taken);
            }
        }

        foreach (FeatureSpec feature in _spec.Features.Where(f => f.Accepts(row)))
        {
            _boundaries.UnionWith(feature.Windows.SelectMany(w => w.Boundaries(time)));
            if (_decaying.TryGetValue(feature, out List<TakenRow>? decaying))
            {
                decaying.Add(taken);
            }

            foreach (SubKeyBound bound in _bounds.Where(b => b.Key.Item1 == feature).Select(static b => b.Value))
            {
                bound.Take(taken, isYoung);
            }
        }

        if (IdleExit(_lastMs) != long.MaxValue)
        {
            _boundaries.Add(IdleExit(_lastMs));
        }

        return Fate.Taken;
    }

    /// <summary>True once the definitions leave open, for a key that may leave the store, what becomes of a row.</summary>
    public bool IsDoubtful { get; private set; }

    /// <summary>The next time after T at which a row may enter or leave a window.</summary>
    public long NextBoundary(long nowMs)
    {
        SortedSet<long> later = _boundaries.GetViewBetween(nowMs + 1, long.MaxValue);
        return later.Count == 0 ? long.MaxValue : later.Min;
    }

    /// <summary>An evaluation at T: what it found below epsilon is gone for good.</summary>
    public void SeeEvaluation(long nowMs)
    {
        foreach ((FeatureSpec feature, List<TakenRow> rows) in _decaying)
        {
            List<TakenRow> fading = _fading[feature];
            switch (NaiveValues.Of(feature, new LifetimeSpec("", ""), [.. rows, .. fading], nowMs))
            {
                case WantNothing:
                    rows.Clear();
                    fading.Clear();
                    break;
                case WantOneOf:
                    fading.AddRange(rows);
                    rows.Clear();
                    break;
            }
        }
    }

    /// <summary>What each field must be at T, in the order of <see cref="Fields"/>.</summary>
    public IReadOnlyList<Want> Evaluate(long nowMs)
    {
        _values.Clear();
        return [.. Fields.Select(f => Value(f.Feature, f.Window, nowMs))];
    }

    private static string StateOf(WindowSpec window) => window is SessionSpec or LastRowsSpec ? window.Name : "time";

    private long IdleExit(long lastMs)
    {
        if (_spec.IdleMs is 0 or long.MaxValue || lastMs == long.MinValue)
        {
            return long.MaxValue;
        }

        long slot = SlidingSpec.StandardSlot(_spec.IdleMs);
        return WindowSpec.Floor(lastMs, slot) + _spec.IdleMs + slot;
    }

    private bool IsAnythingHeld(long nowMs) => _spec.Features.Any(f => !f.IsComputed && (_decaying.TryGetValue(f, out List<TakenRow>? decaying)
        ? decaying.Count > 0
        : f.IsBare || f.Windows.Any(static w => w.IsForLife)
            ? _life.Exists(r => f.Accepts(r.Row))
            : _rows.Exists(r => f.Accepts(r.Row) && f.Windows.Any(w => w.LeavesAt(r.TimeMs) > nowMs))));

    private void Undo(TakenRow retraction)
    {
        _rows.RemoveAll(r => r.Row.Id == retraction.Row.Undoes);
        _life.RemoveAll(r => r.Row.Id == retraction.Row.Undoes);
    }

    private Want Value(FeatureSpec feature, string windowName, long nowMs)
    {
        if (_values.TryGetValue((feature, windowName), out Want? known))
        {
            return known;
        }

        Want value = feature.IsComputed ? Computed(feature, windowName, nowMs) : Stored(feature, windowName, nowMs);
        _values.Add((feature, windowName), value);
        return value;
    }

    private Want Stored(FeatureSpec feature, string windowName, long nowMs)
    {
        WindowSpec window = feature.IsBare ? new LifetimeSpec("", "") : feature.Windows.First(w => w.Name == windowName);
        IEnumerable<TakenRow> rows = window.IsForLife ? IdleExit(_lastMs) <= nowMs ? [] : _life : _rows;
        if (_decaying.TryGetValue(feature, out List<TakenRow>? decaying))
        {
            rows = decaying;
        }

        IReadOnlyList<IReadOnlyList<TakenRow>>? selections = window.Select([.. rows.Where(r => feature.Accepts(r.Row))], nowMs);
        if (_fading.TryGetValue(feature, out List<TakenRow>? fading) && fading.Count > 0)
        {
            selections = [selections![0], [.. selections[0], .. fading.Where(r => feature.Accepts(r.Row))]];
        }

        if (selections is null)
        {
            return new WantAnything { May = Marks.Truncated | Marks.Approximate };
        }

        Want[] values = [.. selections.Select(s => Bounded(feature, window, s, nowMs)).Distinct()];
        return values.Length == 1 ? values[0] : new WantOneOf(values);
    }

    private Want Bounded(FeatureSpec feature, WindowSpec window, IReadOnlyList<TakenRow> rows, long nowMs) =>
        _bounds.TryGetValue((feature, StateOf(window)), out SubKeyBound? bound) && bound.IsPassed
            ? bound.Value(window, rows, nowMs)
            : NaiveValues.Of(feature, window, rows, nowMs);

    private Want Computed(FeatureSpec feature, string windowName, long nowMs)
    {
        var numbers = new Rational?[feature.Reads.Count];
        for (int i = 0; i < numbers.Length; i++)
        {
            FeatureSpec read = feature.Reads[i];
            Want value = Value(read, Fields.Exists(f => f.Feature == read && f.Window == windowName) ? windowName : "", nowMs);
            switch (value)
            {
                case WantNumber number:
                    numbers[i] = number.Value;
                    break;
                case WantNothing:
                    break;
                default:
                    return new WantAnything { May = Marks.Truncated | Marks.Approximate };
            }
        }

        return feature.Type == "ratio" ? Ratio(feature, numbers[0], numbers[1]) : Derived(feature, numbers);
    }

    private static Want Ratio(FeatureSpec feature, Rational? numerator, Rational? denominator)
    {
        Rational prior = Rational.Of(feature.Prior ?? 0);
        Rational weight = Rational.Of(feature.PriorWeight ?? 0);
        if (prior.Sign != 0 || weight.Sign != 0)
        {
            numerator ??= Rational.Zero;
            denominator ??= Rational.Zero;
        }

        return numerator is null || denominator is null || (denominator.Value + weight).Sign == 0
            ? Want.None
            : new WantNumber((numerator.Value + prior) / (denominator.Value + weight), NumberForm.Near);
    }

    private static Want Derived(FeatureSpec feature, Rational?[] numbers) =>
        feature.Derive!([.. numbers.Select(static n => n?.ToDouble())]) switch
        {
            null => Want.None,
            double x => new WantNumber(Rational.Of(x), NumberForm.Near)
            {
                Slack = numbers.Aggregate(Rational.Of(1), static (sum, n) => n is null ? sum : sum + n.Value.Abs()),
            },
            var other => Want.Of(other),
        };
}

/// <summary>A field of the group's hash.</summary>
internal sealed record FieldSpec(FeatureSpec Feature, string Window)
{
    public string Name => Window.Length == 0 ? Feature.Name : $"{Feature.Name}:{Window}";
}

namespace FeatureActors.TestKit.Simulation;

/// <summary>A row as the naive model keeps it.</summary>
/// <param name="Event">The event.</param>
/// <param name="TimeMs">Event time that counts.</param>
/// <param name="TakenAtMs">The time at which it was judged to be late or not.</param>
internal sealed record NaiveRow(SimulatedEvent Event, long TimeMs, long TakenAtMs)
{
    /// <summary>True when the session that it belongs to may have been forgotten before it was applied.</summary>
    public bool IsDoubtful { get; init; }
}

/// <summary>The rows that a group took for a key.</summary>
internal sealed class NaiveGroupRows(NaiveGroup group, string key)
{
    public string Key => key;

    public string FullKey { get; } = SimulatedShard.FullKey(group.Name, key);

    public long LastMs { get; set; } = long.MinValue;

    public bool IsAmbiguous { get; set; }

    /// <summary>Event time of a row that was counted or not.</summary>
    public long DoubtMs { get; set; } = long.MinValue;

    /// <summary>Rows that windows take away.</summary>
    public List<NaiveRow> All { get; } = [];

    /// <summary>Rows that only the group's idle time takes away.</summary>
    public List<NaiveRow> Life { get; } = [];

    /// <summary>The rows that each feature with state accepts.</summary>
    public IReadOnlyList<NaiveFeatureRows> Features { get; } = [.. group.Features.Where(static f => !f.IsComputed).Select(static f => new NaiveFeatureRows(f))];

    public void Add(NaiveRow row, bool isYoung)
    {
        All.Add(row);
        if (isYoung)
        {
            Life.Add(row);
        }

        LastMs = Math.Max(LastMs, row.TimeMs);
        foreach (NaiveFeatureRows feature in Features)
        {
            feature.Add(row, isYoung);
        }
    }

    /// <summary>What no window takes away is gone.</summary>
    public void EndLife()
    {
        Life.Clear();
        foreach (NaiveFeatureRows feature in Features)
        {
            feature.EndLife();
        }
    }
}

/// <summary>The rows that a feature accepts, oldest first.</summary>
internal sealed class NaiveFeatureRows
{
    private readonly List<NaiveRow> _all = [];
    private readonly List<NaiveRow> _life = [];

    public NaiveFeatureRows(NaiveFeature feature)
    {
        Feature = feature;
        Windows = [.. feature.Windows.Select(w => new NaiveWindowRows(feature, w, IsIdleBound(w), IsIdleBound(w) ? _life : _all))];
    }

    public NaiveFeature Feature { get; }

    public IReadOnlyList<NaiveRow> All => _all;

    public IReadOnlyList<NaiveWindowRows> Windows { get; }

    public void Add(NaiveRow row, bool isYoung)
    {
        if (!Feature.Accepts(row.Event))
        {
            return;
        }

        Insert(_all, row);
        if (isYoung)
        {
            Insert(_life, row);
        }

        foreach (NaiveWindowRows window in Windows)
        {
            window.See(row);
        }
    }

    public void EndLife()
    {
        _life.Clear();
        foreach (NaiveWindowRows window in Windows)
        {
            window.Forget();
        }
    }

    private static void Insert(List<NaiveRow> rows, NaiveRow row) => rows.Insert(rows.FindLastIndex(r => r.TimeMs <= row.TimeMs) + 1, row);

    // Windows of time share their slots; sessions and last rows have their own.
    private bool IsIdleBound(NaiveWindow window) => !Feature.IsAgeing
        && (window.IsForLife || (window is not NaiveSession && Feature.Windows.Any(static w => w is NaiveLifetime)));
}

/// <summary>
/// The rows that a window selects from, and the value of those that it selected last: nothing but they decide, so while they are the same it is.
/// </summary>
/// <param name="feature">The feature.</param>
/// <param name="window">The window.</param>
/// <param name="isIdleBound">True when only the group's idle time takes these rows away.</param>
/// <param name="rows">The rows, oldest first.</param>
internal sealed class NaiveWindowRows(NaiveFeature feature, NaiveWindow window, bool isIdleBound, List<NaiveRow> rows)
{
    private IReadOnlyList<NaiveRow[]>? _parts;
    private ArraySegment<NaiveRow>? _selected;
    private string? _value;
    private long _leavesMs = long.MinValue;

    public NaiveWindow Window => window;

    public void See(NaiveRow row)
    {
        _parts = null;
        if (window.Counts(row))
        {
            _leavesMs = Math.Max(_leavesMs, window.LeavesAt(row.TimeMs));
        }
    }

    public void Forget() => _parts = null;

    /// <summary>True when some row is not gone at T.</summary>
    public bool IsAlive(long nowMs, bool isIdle = false) => isIdleBound ? !isIdle && rows.Count > 0 : _leavesMs > nowMs;

    /// <summary>The value at T.</summary>
    /// <param name="nowMs">T.</param>
    /// <param name="isIdle">True when the group is idle for so long that it lost what no window takes away.</param>
    /// <param name="value">Null for absent.</param>
    /// <returns>False when the definitions, or the time at which something was applied, leave it open.</returns>
    public bool TryEvaluate(long nowMs, bool isIdle, out string? value)
    {
        if (isIdle && isIdleBound)
        {
            value = NaiveValues.Of(feature, window, [], nowMs);
            return true;
        }

        value = null;
        if (window.Select(_parts ??= window.Divide(rows), nowMs) is not { } selected)
        {
            return false;
        }

        if (feature.IsAgeing || _selected is not { } before || !AreSame(selected, before))
        {
            _value = NaiveValues.Of(feature, window, selected, nowMs);
        }

        _selected = selected;
        value = _value;
        return true;
    }

    private static bool AreSame(ArraySegment<NaiveRow> a, ArraySegment<NaiveRow> b)
    {
        if (a == b || a.Count != b.Count)
        {
            return a == b;
        }

        for (int i = 0; i < a.Count; i++)
        {
            if (!ReferenceEquals(a[i], b[i]))
            {
                return false;
            }
        }

        return true;
    }
}

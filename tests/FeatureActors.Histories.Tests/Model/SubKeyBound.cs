namespace FeatureActors.Histories.Tests.Model;

/// <summary>
/// What <c>max-keys</c> promises to a state of a feature: as long as no more sub-keys came than the bound, everything is exact. Above it
/// the first ones stay exact while some window holds them without a break, what comes while all of them stay goes to <c>other</c>.
/// </summary>
internal sealed class SubKeyBound(FeatureSpec feature, IReadOnlyList<WindowSpec> windows, int max)
{
    private readonly HashSet<string> _seen = [];
    private readonly Dictionary<string, long> _known = [];
    private readonly HashSet<TakenRow> _overflow = [];

    public bool IsPassed => _seen.Count > max;

    public void EndLife()
    {
        if (windows.Any(static w => w.IsForLife))
        {
            _seen.Clear();
            _known.Clear();
            _overflow.Clear();
        }
    }

    public void Take(TakenRow taken, bool isYoung)
    {
        if (!windows.Any(w => w.CanHold(taken.TimeMs, taken.TakenAtMs) && (!w.IsForLife || isYoung)))
        {
            return;
        }

        string key = Key(taken.Row);
        bool isFirst = _seen.Count < max && _seen.Add(key);
        long leaves = windows.Max(w => w is LastRowsSpec ? long.MinValue : w.LeavesAt(taken.TimeMs));
        foreach (string gone in _known.Where(k => k.Value <= taken.TakenAtMs).Select(static k => k.Key).ToArray())
        {
            _known.Remove(gone);
        }

        if (isFirst || _known.ContainsKey(key))
        {
            _known[key] = Math.Max(_known.GetValueOrDefault(key, long.MinValue), leaves);
        }
        else
        {
            _seen.Add(key);
            if (_known.Count == max)
            {
                _overflow.Add(taken);
            }
        }
    }

    public Want Value(WindowSpec window, IReadOnlyList<TakenRow> rows, long nowMs)
    {
        if (rows.Count == 0)
        {
            return NaiveValues.Of(feature, window, rows, nowMs);
        }

        if (feature.Type == "distinct")
        {
            int count = rows.Select(r => Key(r.Row)).Distinct().Count();
            return NaiveValues.Estimate(count, 8) with { Must = Marks.None };
        }

        Marks must = rows.Any(_overflow.Contains) ? Marks.Truncated : Marks.None;
        if (feature.Type is "count-map" or "sum-map")
        {
            HashSet<string> certain = [.. _known.Where(k => k.Value > nowMs).Select(static k => k.Key)];
            return new WantBoundedMap(NaiveValues.Totals(feature, rows), certain, NaiveValues.FormOf(feature), NaiveValues.SizeOf(feature, rows)) { Must = must, May = Marks.Truncated };
        }

        return new WantAnything { Must = must, May = Marks.Truncated };
    }

    private string Key(HistoryRow row) => feature.Type == "distinct" ? feature.Of!.Get(row)!.ToString()! : NaiveValues.SubKey(feature, row);
}

namespace FeatureActors.TestKit.Simulation;

/// <summary>
/// Everything recomputed from all events, by the formulas of docs/definitions.md and nothing else. Shares no code with the engine.
/// </summary>
internal sealed class NaiveModel(IReadOnlyList<NaiveGroup> groups, bool isWall, bool hasIds, int partitions)
{
    private readonly List<NaiveEntry> _log = [];
    private Fold? _fold;

    public IReadOnlyList<NaiveEntry> Log => _log;

    public IReadOnlyList<NaiveGroup> Groups => groups;

    public void Append(NaiveEntry entry) => _log.Add(entry);

    /// <summary>Some owner applied an entry at this T; the latest decides which idle exits are ambiguous.</summary>
    public void NoteApplied(long offset, long clockMs)
    {
        NaiveEntry entry = _log[(int)offset];
        if (clockMs <= entry.AppliedAtMs)
        {
            return;
        }

        entry.AppliedAtMs = clockMs;
        if (isWall && _fold?.End > offset)
        {
            _fold = null;
        }
    }

    /// <summary>Fields of every live (group, key) over log[0..end) at T; a null field map of an ambiguous idle exit means: do not compare.</summary>
    /// <param name="end">Log entries that count.</param>
    /// <param name="nowMs">T.</param>
    /// <param name="onlyKey">The full key to which it is limited, or null for all.</param>
    /// <param name="isPublished">True for what the sink must have: what fades away with T alone stays there until it is evaluated.</param>
    public Dictionary<string, Dictionary<string, string>?> Evaluate(long end, long nowMs, bool isPublished = false, string? onlyKey = null)
    {
        string? only = onlyKey is null ? null : SimulatedShard.KeyOf(onlyKey);
        Fold fold = FoldTo(end, only);
        var result = new Dictionary<string, Dictionary<string, string>?>(StringComparer.Ordinal);
        foreach (((int g, string key), NaiveGroupRows rows) in fold.States)
        {
            if (only is not null && key != only)
            {
                continue;
            }

            (bool isAlive, Dictionary<string, string>? fields) = Fields(groups[g], rows, nowMs, isPublished);
            if (isAlive)
            {
                result.Add(rows.FullKey, fields);
            }
        }

        return result;
    }

    /// <summary>The rows of log[0..end) that count: what earlier calls made of its beginning is gone on with.</summary>
    private Fold FoldTo(long end, string? only)
    {
        Fold fold = _fold is { } kept && kept.End <= end ? kept : new Fold(partitions);
        bool isWhole = fold == _fold || only is null;
        for (; fold.End < end; fold.End++)
        {
            Add(fold, _log[(int)fold.End], isWhole ? null : only);
        }

        if (isWhole && (_fold is null || _fold.End < fold.End))
        {
            _fold = fold;
        }

        return fold;
    }

    private void Add(Fold fold, NaiveEntry entry, string? only)
    {
        // The first entry that covers an event decides about it: an event too far ahead then may not be so in a repetition.
        long clock = fold.Clocks.Min();
        foreach ((SimulatedEvent e, long time, long ingest) in entry.Rows)
        {
            if (e.Offset <= fold.Covered[e.Partition] || (only is not null && only != e.Key))
            {
                continue;
            }

            long rowNow = isWall ? ingest : clock;
            long applied = isWall ? entry.AppliedAtMs : clock;
            if (hasIds && HasLeft(fold.States, e.Key, Math.Max(rowNow, applied)))
            {
                fold.Left[e.Key] = fold.Ids.Count;
            }

            if (hasIds && e.Id is not null && fold.Ids.TryGetValue((e.Key, IdOf(e)), out (long TimeMs, int Number) first))
            {
                Doubt(fold.States, e, time, first.TimeMs, Math.Max(rowNow, applied), first.Number < fold.Left.GetValueOrDefault(e.Key));
            }
            else if (Take(fold.States, e, time, rowNow, applied) && hasIds && e.Id is not null)
            {
                fold.Ids.Add((e.Key, IdOf(e)), (time, fold.Ids.Count));
            }
        }

        fold.Clocks[entry.Partition] = Math.Max(fold.Clocks[entry.Partition], entry.ClockMs);
        fold.Covered[entry.Partition] = Math.Max(fold.Covered[entry.Partition], entry.LastOffset);
    }

    // A retraction carries the id of what it takes back and is no repetition of it.
    private static string IdOf(SimulatedEvent e) => e.IsRetraction ? $"-{e.Id}" : e.Id!;

    /// <summary>T of the shard behind log[0..end) with an event clock.</summary>
    public long EventClock(long end)
    {
        long[] clocks = new long[partitions];
        Array.Fill(clocks, long.MinValue);
        for (int i = 0; i < end; i++)
        {
            clocks[_log[i].Partition] = Math.Max(clocks[_log[i].Partition], _log[i].ClockMs);
        }

        return clocks.Min();
    }

    /// <summary>
    /// A row told again so late that its entity may have left meanwhile, and its id with it: a lifetime window of a key that lives
    /// again may count it, and so may any window when the row lay so far ahead that it was moved back less this time.
    /// </summary>
    private void Doubt(Dictionary<(int, string), NaiveGroupRows> states, SimulatedEvent e, long timeMs, long firstTimeMs, long appliedMs, bool isGone)
    {
        bool hasAgeing = groups.Any(static g => g.HasAgeing);
        bool hasMoved = timeMs != firstTimeMs && !groups.Any(g => g.Where(e)
            && g.Features.Any(f => f.Accepts(e) && f.Windows.Any(w => (w.IsForLife ? g.IdleExit(firstTimeMs) : w.LeavesAt(firstTimeMs)) > appliedMs)));
        for (int g = 0; g < groups.Count; g++)
        {
            if ((hasMoved || (isGone && (hasAgeing || IsYoungFor(groups[g])))) && groups[g].Where(e))
            {
                if (!states.TryGetValue((g, e.Key), out NaiveGroupRows? moved))
                {
                    states.Add((g, e.Key), moved = new NaiveGroupRows(groups[g], e.Key));
                }

                moved.IsAmbiguous = true;
                moved.DoubtMs = Math.Max(moved.DoubtMs, timeMs);
            }
            else if (groups[g].HasLife && groups[g].Where(e) && states.TryGetValue((g, e.Key), out NaiveGroupRows? rows)
                && groups[g].IdleExit(timeMs) <= appliedMs)
            {
                rows.IsAmbiguous = true;
            }
        }

        // What a window took away is late when it is told again; what ages counts at any age, and a life may have ended ahead of T.
        bool IsYoungFor(NaiveGroup group) => group.IdleExit(timeMs) > appliedMs
            && group.Features.Any(f => f.Accepts(e) && f.Windows.Any(static w => w.IsForLife));
    }

    /// <summary>
    /// True when what a key had may have left with its ids: it decayed or cancelled out, or a row ahead of T, of which no feature keeps
    /// anything, ended the life before it.
    /// </summary>
    private bool HasLeft(Dictionary<(int, string), NaiveGroupRows> states, string key, long nowMs) => groups.Any(static g => g.HasAgeing || g.HasLife)
        && !Enumerable.Range(0, groups.Count).Any(g => states.TryGetValue((g, key), out NaiveGroupRows? rows) && IsAnythingAlive(rows, nowMs));

    /// <summary>True when some group took the row.</summary>
    private bool Take(Dictionary<(int, string), NaiveGroupRows> states, SimulatedEvent e, long timeMs, long rowNowMs, long appliedMs)
    {
        bool isTaken = false;
        for (int g = 0; g < groups.Count; g++)
        {
            NaiveGroup group = groups[g];
            if (!group.Where(e))
            {
                continue;
            }

            if (!states.TryGetValue((g, e.Key), out NaiveGroupRows? rows))
            {
                states.Add((g, e.Key), rows = new NaiveGroupRows(group, e.Key));
            }

            bool isYoung = group.IdleExit(Math.Max(timeMs, rows.LastMs)) > rowNowMs;
            bool isHeld = group.Features.Any(f => !f.IsComputed && f.CanHold(timeMs, rowNowMs, isYoung));
            if (!isHeld)
            {
                continue;
            }

            long idleExit = group.IdleExit(rows.LastMs);
            if (idleExit <= Math.Max(rowNowMs, timeMs))
            {
                // What no window takes away goes when the group was idle for long, before a new row is counted.
                rows.EndLife();
                rows.IsAmbiguous = rows.DoubtMs != long.MinValue && group.IdleExit(rows.DoubtMs) > Math.Max(rowNowMs, timeMs);
            }
            else if (idleExit <= appliedMs && rows.Life.Count > 0)
            {
                // The row came before the exit and was applied after it: the owner may have evaluated in between or not.
                rows.IsAmbiguous = true;
            }

            if (group.HasLife && idleExit != long.MaxValue && rows.LastMs > timeMs && !IsAnythingAlive(rows, Math.Max(rowNowMs, appliedMs)))
            {
                // An entity without any slot may have left memory and store, and with it the time of its newest row.
                rows.IsAmbiguous = true;
            }

            var row = new NaiveRow(e, timeMs, rowNowMs) { IsDoubtful = MayHaveMissedItsSession(group, rows, timeMs, rowNowMs, appliedMs) };
            rows.Add(row, isYoung);
            isTaken = true;
        }

        return isTaken;
    }

    /// <summary>
    /// A row that was in time when it was read and applied so much later that a session which it belongs to may be forgotten.
    /// </summary>
    private static bool MayHaveMissedItsSession(NaiveGroup group, NaiveGroupRows rows, long timeMs, long rowNowMs, long appliedMs) =>
        appliedMs > rowNowMs && group.Features.SelectMany(static f => f.Windows).OfType<NaiveSession>()
            .Any(s => timeMs < appliedMs - s.LatenessMs && rows.All.Exists(r => Math.Abs(r.TimeMs - timeMs) < s.GapMs && s.LeavesAt(r.TimeMs) <= appliedMs));

    private static bool IsAnythingAlive(NaiveGroupRows rows, long nowMs) => rows.Features.Any(f => f.Feature.IsAgeing
        ? IsWorthKeeping(f, nowMs)
        : f.Windows.Any(w => w.IsAlive(nowMs)));

    private static bool IsWorthKeeping(NaiveFeatureRows feature, long nowMs) =>
        Math.Abs(NaiveValues.Worth(feature.Feature, feature.All, nowMs)) >= NaiveFeature.Epsilon;

    private static (bool IsAlive, Dictionary<string, string>? Fields) Fields(NaiveGroup group, NaiveGroupRows rows, long nowMs, bool isPublished)
    {
        bool isIdle = group.IdleExit(rows.LastMs) <= nowMs;
        bool isOpen = rows.IsAmbiguous;
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        bool isAlive = false;
        foreach (NaiveFeatureRows feature in rows.Features)
        {
            if (feature.Feature.IsAgeing)
            {
                isAlive |= IsWorthKeeping(feature, isPublished ? NaiveWindow.Floor(nowMs, feature.Feature.AgeingStepMs) : nowMs);
            }

            foreach (NaiveWindowRows window in feature.Windows)
            {
                isAlive |= !feature.Feature.IsAgeing && window.IsAlive(nowMs, isIdle);
                isOpen |= !window.TryEvaluate(nowMs, isIdle, out string? value);
                if (value is not null)
                {
                    fields.Add(window.Window.Field, value);
                }
            }
        }

        foreach (NaiveFeature feature in group.Features.Where(static f => f.IsComputed))
        {
            foreach (NaiveWindow window in feature.Windows)
            {
                string name = window.Field[window.Field.IndexOf(':', StringComparison.Ordinal)..];
                if (NaiveValues.Computed(feature, [.. feature.Reads.Select(r => fields.GetValueOrDefault(r.Name + name))]) is { } value)
                {
                    fields.Add(window.Field, value);
                }
            }
        }

        return (isAlive || isOpen, isOpen ? null : fields);
    }

    /// <summary>Two field maps as text, for messages.</summary>
    public static string Show(IReadOnlyDictionary<string, string>? fields) => fields is null
        ? "nothing"
        : string.Join(' ', fields.OrderBy(static f => f.Key, StringComparer.Ordinal).Select(static f => $"{f.Key}={f.Value}"));

    /// <summary>What the beginning of the log comes to.</summary>
    private sealed class Fold
    {
        public Fold(int partitions)
        {
            Covered = new long[partitions];
            Array.Fill(Covered, -1);
            Clocks = new long[partitions];
            Array.Fill(Clocks, long.MinValue);
        }

        public long End { get; set; }

        public long[] Covered { get; }

        public long[] Clocks { get; }

        public Dictionary<(int, string), NaiveGroupRows> States { get; } = [];

        /// <summary>The ids of each key, with the time of their rows and how many were known before.</summary>
        public Dictionary<(string, string), (long TimeMs, int Number)> Ids { get; } = [];

        /// <summary>How many ids were known when a key was last without anything.</summary>
        public Dictionary<string, int> Left { get; } = [];
    }
}

using System.Globalization;

namespace FeatureActors.TestKit.Simulation;

/// <summary>An event as the simulator made it.</summary>
internal sealed record SimulatedEvent(int Partition, long Offset, string Key, long TimeMs, long? Value, string? Category, string Action, string? Id)
{
    /// <summary>True when it takes an equal event back.</summary>
    public bool IsRetraction { get; init; }

    public int Sign => IsRetraction ? -1 : 1;
}

/// <summary>A window of the naive model.</summary>
internal sealed record NaiveWindow(string Field, long SizeMs, long SlotMs, long OffsetMs, bool IsLifetime)
{
    /// <summary>ARCHITECTURE section 4: whole slots with floor((T − O − W)/r)·r ≤ start ≤ floor((T − O)/r)·r.</summary>
    public bool Holds(long timeMs, long nowMs)
    {
        if (IsLifetime)
        {
            return true;
        }

        long start = Floor(timeMs, SlotMs);
        return Floor(nowMs - OffsetMs - SizeMs, SlotMs) <= start && start <= Floor(nowMs - OffsetMs, SlotMs);
    }

    public long LeavesAt(long timeMs) => IsLifetime ? long.MaxValue : Floor(timeMs, SlotMs) + OffsetMs + SizeMs + SlotMs;

    public long EntersAt(long timeMs) => IsLifetime ? long.MinValue : Floor(timeMs, SlotMs) + OffsetMs;

    public static long Floor(long value, long width) => (value >= 0 ? value / width : -((-value + width - 1) / width)) * width;
}

/// <summary>A feature of the naive model.</summary>
internal sealed record NaiveFeature(string Type, Func<SimulatedEvent, bool> Where, IReadOnlyList<NaiveWindow> Windows, int Count = 1)
{
    public bool Accepts(SimulatedEvent e) => Where(e) && Type switch
    {
        "count" => true,
        "sum" or "avg" or "min" or "max" => e.Value is not null,
        _ => e.Category is not null,
    };

    /// <summary>The value over the events of a window as it stands in Redis; null for absent.</summary>
    public string? Value(IReadOnlyList<(SimulatedEvent Event, long TimeMs)> rows)
    {
        int count = rows.Sum(static r => r.Event.Sign);
        if (rows.Count == 0 || (Type == "avg" && count == 0))
        {
            return Type is "count" or "sum" ? "0" : null;
        }

        IEnumerable<(long, string)> ordered = rows
            .Select(static r => (r.TimeMs, r.Event.Category!))
            .Order(Comparer<(long Time, string Text)>.Create(static (a, b) =>
                a.Time != b.Time ? a.Time.CompareTo(b.Time) : string.CompareOrdinal(a.Text, b.Text)));
        return Type switch
        {
            "count" => Text(count),
            "sum" => Text(rows.Sum(static r => r.Event.Sign * r.Event.Value!.Value)),
            "avg" => ((double)rows.Sum(static r => r.Event.Sign * r.Event.Value!.Value) / count).ToString("R", CultureInfo.InvariantCulture),
            "min" => Text(rows.Min(static r => r.Event.Value!.Value)),
            "max" => Text(rows.Max(static r => r.Event.Value!.Value)),
            "first" => ordered.First().Item2,
            "latest" => ordered.Last().Item2,
            "last" when Count == 1 => ordered.Last().Item2,
            "last" => $"[{string.Join(',', ordered.Reverse().Take(Count).Select(static r => $"\"{r.Item2}\""))}]",
            "count-map" or "top-k" when Groups(rows).Count == 0 => null,
            "count-map" => $"{{{string.Join(',', Groups(rows).OrderBy(static g => g.Key, StringComparer.Ordinal).Select(static g => $"\"{g.Key}\":{g.Value}"))}}}",
            "top-k" => $"[{string.Join(',', Groups(rows).OrderByDescending(static g => g.Value).ThenBy(static g => g.Key, StringComparer.Ordinal).Take(Count).Select(static g => $"[\"{g.Key}\",{g.Value}]"))}]",
            _ => throw new InvalidOperationException(Type),
        };
    }

    private static Dictionary<string, int> Groups(IReadOnlyList<(SimulatedEvent Event, long TimeMs)> rows) =>
        rows.GroupBy(static r => r.Event.Category!).ToDictionary(static g => g.Key, static g => g.Sum(static r => r.Event.Sign))
            .Where(static g => g.Value != 0).ToDictionary();

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A group of the naive model.</summary>
internal sealed record NaiveGroup(string Name, Func<SimulatedEvent, bool> Where, IReadOnlyList<NaiveFeature> Features, long IdleMs, long IdleSlotMs)
{
    /// <summary>Triggers that look at values.</summary>
    public IReadOnlyList<NaiveTrigger> ValueTriggers { get; init; } = [];

    /// <summary>True when only values and exits decide about a write, so that a change may stay unwritten.</summary>
    public bool IsHeld { get; init; }

    /// <summary>Most milliseconds by which exits and timers are put off.</summary>
    public long JitterMs { get; init; }

    public bool HasLifetime => Features.Any(static f => f.Windows.Any(static w => w.IsLifetime));

    public long IdleExit(long lastMs) => IdleMs == long.MaxValue || lastMs == long.MinValue
        ? long.MaxValue
        : NaiveWindow.Floor(lastMs, IdleSlotMs) + IdleMs + IdleSlotMs;
}

/// <summary>A log entry as the naive model sees it: the source events it holds rows of, and the clock it carries.</summary>
internal sealed record NaiveEntry(int Partition, long FirstOffset, long LastOffset, long ClockMs, IReadOnlyList<(SimulatedEvent Event, long TimeMs, long IngestMs)> Rows)
{
    /// <summary>Largest T at which some owner applied the entry; decides which idle exits are ambiguous.</summary>
    public long AppliedAtMs { get; set; } = long.MinValue;
}

/// <summary>
/// Everything recomputed from all events, by the formulas of ARCHITECTURE section 4 and nothing else. Shares no code with the engine.
/// </summary>
internal sealed class NaiveModel(IReadOnlyList<NaiveGroup> groups, bool isWall, bool hasIds, int partitions)
{
    public List<NaiveEntry> Log { get; } = [];

    public IReadOnlyList<NaiveGroup> Groups => groups;

    /// <summary>Fields of every live (group, key) over log[0..end) at T; a null field map of an ambiguous idle exit means: do not compare.</summary>
    public Dictionary<string, Dictionary<string, string>?> Evaluate(long end, long nowMs)
    {
        var states = new Dictionary<(int, string), GroupRows>();

        // The first entry that covers an event decides about it: an event too far ahead then may not be so in a repetition.
        long[] covered = new long[partitions];
        Array.Fill(covered, -1);
        var ids = new Dictionary<(string, string), long>();
        long[] clocks = new long[partitions];
        Array.Fill(clocks, long.MinValue);
        for (int i = 0; i < end; i++)
        {
            NaiveEntry entry = Log[i];
            long clock = clocks.Min();
            foreach ((SimulatedEvent e, long time, long ingest) in entry.Rows)
            {
                if (e.Offset <= covered[e.Partition])
                {
                    continue;
                }

                long rowNow = isWall ? ingest : clock;
                long applied = isWall ? entry.AppliedAtMs : clock;
                if (hasIds && e.Id is not null && ids.TryGetValue((e.Key, IdOf(e)), out long firstTime))
                {
                    Doubt(states, e, time, firstTime, Math.Max(rowNow, applied));
                }
                else if (Take(states, e, time, rowNow, applied) && hasIds && e.Id is not null)
                {
                    ids.Add((e.Key, IdOf(e)), time);
                }
            }

            clocks[entry.Partition] = Math.Max(clocks[entry.Partition], entry.ClockMs);
            if (entry.FirstOffset > covered[entry.Partition] + 1)
            {
                throw new SimulationViolationException($"ingest left a gap: {covered[entry.Partition]} is followed by {entry.FirstOffset}");
            }

            covered[entry.Partition] = Math.Max(covered[entry.Partition], entry.LastOffset);
        }

        var result = new Dictionary<string, Dictionary<string, string>?>(StringComparer.Ordinal);
        foreach (((int g, string key), GroupRows rows) in states)
        {
            (bool isAlive, Dictionary<string, string>? fields) = Fields(groups[g], rows, nowMs);
            if (isAlive)
            {
                result.Add($"fa:sim:{groups[g].Name}:{key}", fields);
            }
        }

        return result;
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
            clocks[Log[i].Partition] = Math.Max(clocks[Log[i].Partition], Log[i].ClockMs);
        }

        return clocks.Min();
    }

    /// <summary>
    /// A row told again so late that its entity may have left meanwhile, and its id with it: a lifetime window of a key that lives
    /// again may count it, and so may any window when the row lay so far ahead that it was moved back less this time.
    /// </summary>
    private void Doubt(Dictionary<(int, string), GroupRows> states, SimulatedEvent e, long timeMs, long firstTimeMs, long appliedMs)
    {
        bool hasMoved = timeMs != firstTimeMs && !groups.Any(g => g.Where(e)
            && g.Features.Any(f => f.Accepts(e) && f.Windows.Any(w => w.LeavesAt(firstTimeMs) > appliedMs)));
        for (int g = 0; g < groups.Count; g++)
        {
            if (hasMoved && groups[g].Where(e))
            {
                if (!states.TryGetValue((g, e.Key), out GroupRows? moved))
                {
                    states.Add((g, e.Key), moved = new GroupRows());
                }

                moved.IsAmbiguous = true;
            }
            else if (groups[g].HasLifetime && groups[g].Where(e) && states.TryGetValue((g, e.Key), out GroupRows? rows)
                && groups[g].IdleExit(timeMs) <= appliedMs)
            {
                rows.IsAmbiguous = true;
            }
        }
    }

    /// <summary>True when some group took the row.</summary>
    private bool Take(Dictionary<(int, string), GroupRows> states, SimulatedEvent e, long timeMs, long rowNowMs, long appliedMs)
    {
        bool isTaken = false;
        for (int g = 0; g < groups.Count; g++)
        {
            NaiveGroup group = groups[g];
            if (!group.Where(e))
            {
                continue;
            }

            if (!states.TryGetValue((g, e.Key), out GroupRows? rows))
            {
                states.Add((g, e.Key), rows = new GroupRows());
            }

            // What no window takes away goes when the group was idle for long, before a new row is counted.
            long idleExit = group.IdleExit(rows.LastMs);
            if (idleExit <= Math.Max(rowNowMs, timeMs))
            {
                rows.Lifetime.Clear();
                rows.IsAmbiguous = false;
            }
            else if (idleExit <= appliedMs && rows.Lifetime.Count > 0)
            {
                // The row came before the exit and was applied after it: the owner may have evaluated in between or not.
                rows.IsAmbiguous = true;
            }

            if (group.HasLifetime && idleExit != long.MaxValue && rows.LastMs > timeMs && !IsAnythingAlive(group, rows, Math.Max(rowNowMs, appliedMs)))
            {
                // An entity without any slot may have left memory and store, and with it the time of its newest row.
                rows.IsAmbiguous = true;
            }

            bool isYoung = group.IdleExit(Math.Max(timeMs, rows.LastMs)) > rowNowMs;
            bool isHeld = group.Features.Any(f => f.Windows.Any(w => w.IsLifetime ? isYoung : w.LeavesAt(timeMs) > rowNowMs));
            if (!isHeld)
            {
                continue;
            }

            rows.Sliding.Add((e, timeMs));
            isTaken = true;
            rows.LastMs = Math.Max(rows.LastMs, timeMs);
            if (isYoung)
            {
                rows.Lifetime.Add((e, timeMs));
            }
        }

        return isTaken;
    }

    private static bool IsAnythingAlive(NaiveGroup group, GroupRows rows, long nowMs) => group.Features.Any(f => f.Windows.Any(static w => w.IsLifetime)
        ? rows.Lifetime.Exists(r => f.Accepts(r.Event))
        : rows.Sliding.Exists(r => f.Accepts(r.Event) && f.Windows.Any(w => w.LeavesAt(r.TimeMs) > nowMs)));

    private static (bool IsAlive, Dictionary<string, string>? Fields) Fields(NaiveGroup group, GroupRows rows, long nowMs)
    {
        bool isIdle = group.IdleExit(rows.LastMs) <= nowMs;
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        bool isAlive = false;
        foreach (NaiveFeature feature in group.Features)
        {
            bool hasLifetime = feature.Windows.Any(static w => w.IsLifetime);
            List<(SimulatedEvent Event, long TimeMs)> taken =
            [
                .. (hasLifetime ? isIdle ? [] : rows.Lifetime : rows.Sliding).Where(r => feature.Accepts(r.Event)),
            ];
            isAlive |= hasLifetime ? taken.Count > 0 : taken.Exists(r => feature.Windows.Any(w => w.LeavesAt(r.TimeMs) > nowMs));
            foreach (NaiveWindow window in feature.Windows)
            {
                if (feature.Value([.. taken.Where(r => window.Holds(r.TimeMs, nowMs))]) is { } value)
                {
                    fields.Add(window.Field, value);
                }
            }
        }

        return (isAlive || rows.IsAmbiguous, rows.IsAmbiguous ? null : fields);
    }

    /// <summary>Two field maps as text, for messages.</summary>
    public static string Show(IReadOnlyDictionary<string, string>? fields) => fields is null
        ? "nothing"
        : string.Join(' ', fields.OrderBy(static f => f.Key, StringComparer.Ordinal).Select(static f => $"{f.Key}={f.Value}"));

    private sealed class GroupRows
    {
        public long LastMs { get; set; } = long.MinValue;

        public bool IsAmbiguous { get; set; }

        public List<(SimulatedEvent Event, long TimeMs)> Sliding { get; } = [];

        public List<(SimulatedEvent Event, long TimeMs)> Lifetime { get; } = [];
    }
}

using FeatureActors.Histories.Tests.Driving;
using FeatureActors.Histories.Tests.Model;

namespace FeatureActors.Histories.Tests.Generation;

/// <summary>Random histories: a group of one to a few features, and rows that seek the edges of its windows.</summary>
internal sealed class HistoryGenerator
{
    private const long Second = 1_000;
    private const long Minute = 60_000;
    private const long Hour = 3_600_000;
    private const long Day = 86_400_000;

    internal static readonly long[] Sizes =
        [2 * Second, 5 * Second, 10 * Second, 30 * Second, Minute, 5 * Minute, 30 * Minute, Hour, 6 * Hour, Day, 7 * Day, 30 * Day];

    /// <summary>Zones with a change of their clocks by an hour, by half an hour, at midnight, of a whole day, and with offsets of 30 and 45 minutes.</summary>
    public static readonly (string Zone, string Near)[] Zones =
    [
        ("UTC", "2024-02-28"), ("Europe/Berlin", "2024-03-30"), ("Europe/Berlin", "2024-10-26"), ("America/New_York", "2024-11-02"),
        ("Australia/Lord_Howe", "2024-04-06"), ("Australia/Lord_Howe", "2024-10-05"), ("Asia/Kolkata", "2024-02-28"), ("Asia/Kathmandu", "2024-12-31"),
        ("America/Sao_Paulo", "2018-11-03"), ("America/Sao_Paulo", "2019-02-16"), ("America/Havana", "2024-03-09"), ("America/Havana", "2024-11-02"),
        ("Pacific/Apia", "2011-12-28"), ("Asia/Shanghai", "2024-02-28"), ("America/St_Johns", "2024-03-09"), ("Africa/Cairo", "2024-04-25"),
    ];

    private static readonly string[] Units = ["day", "week", "month", "1d", "7d"];

    /// <summary>In place of a window kind: a fine and a coarse window, so that slots become one as they age.</summary>
    public const string Folding = "folding";

    private readonly Random _random;
    private readonly long _seed;
    private readonly string? _type;
    private readonly string? _kind;
    private string _zone = "UTC";
    private long _near;

    private HistoryGenerator(long seed, string? type, string? kind)
    {
        (_seed, _type, _kind) = (seed, type, kind);
        _random = new Random((int)(seed % int.MaxValue));
    }

    /// <summary>The history of a seed; with <paramref name="type"/> and <paramref name="kind"/> its first feature is of that type and window.</summary>
    public static History Make(long seed, string? type = null, string? kind = null, bool isOfShard = false) =>
        new HistoryGenerator(seed, type, kind).Make(isOfShard);

    private History Make(bool isOfShard)
    {
        (_zone, string near) = Pick(Zones);
        _near = (long)(DateTime.Parse(near, System.Globalization.CultureInfo.InvariantCulture) - DateTime.UnixEpoch).TotalMilliseconds;
        bool isUndoable = _random.Next(4) == 0;
        List<WindowSpec> pool = RandomPool(isUndoable);
        List<FeatureSpec> features = RandomFeatures(pool, isUndoable);
        bool hasRetractions = isUndoable && features.TrueForAll(static f => f.IsInvertible || f.IsComputed);
        var group = new GroupSpec
        {
            Features = features,
            Where = _random.Next(5) == 0 ? FeatureForms.RandomFilter(_random) : null,
            IdleMs = RandomIdle(features, hasRetractions),
            Trigger = RandomTrigger(),
            HasIds = !hasRetractions && _random.Next(3) == 0 && !(isOfShard && features.Exists(static f => f.IsBare || f.Windows.Any(static w => w.IsForLife))),
            HasRetractions = hasRetractions && Supported.Takes(new GroupSpec
            {
                Features = FeatureForms.Simple("count", "f", [WindowForms.Sliding(Minute, null, 0)]),
                Trigger = TriggerSpec.Expiry,
                HasRetractions = true,
            }),
        };
        if (isOfShard && _random.Next(2) == 0 && RandomValueTrigger(features) is { } trigger && Supported.Takes(group with { Trigger = trigger }))
        {
            group = group with { Trigger = trigger };
        }

        return new History(_seed, group, new RowGenerator(_random, _near).Make(group, pool), _random.Next(5) == 0) { IsOfShard = isOfShard };
    }

    private TriggerSpec? RandomValueTrigger(List<FeatureSpec> features)
    {
        FeatureSpec[] numbers = [.. features.Where(static f => f.IsNumber && !f.IsComputed && f.Windows.Count > 0 && f.Of?.Type != "double")];
        if (numbers.Length == 0)
        {
            return null;
        }

        FeatureSpec read = Pick(numbers);
        string field = $"{read.Name}:{Pick(read.Windows.ToArray()).Name}";
        long coalesce = _random.Next(4) * 150;
        return _random.Next(3) switch
        {
            0 => TriggerSpec.Change(field, _random.Next(1, 4), isRelative: false, coalesce),
            1 => TriggerSpec.Change(field, _random.Next(1, 8) * 0.05, isRelative: true, coalesce),
            _ => TriggerSpec.When(field, _random.Next(0, 6), coalesce),
        };
    }

    private List<WindowSpec> RandomPool(bool isUndoable)
    {
        if (_kind == Folding)
        {
            return [WindowForms.Sliding(Minute, Second, 0), WindowForms.Sliding(Hour, Minute, 0)];
        }

        int scale = _random.Next(Sizes.Length);
        var pool = new List<WindowSpec>();
        int count = _random.Next(1, 4);
        for (int tries = 0; pool.Count < count && tries < 50; tries++)
        {
            string kind = pool.Count == 0 && _kind is not null ? _kind : Pick(Supported.WindowKinds);
            if (isUndoable && kind is "session" or "last-n" && _kind != kind)
            {
                continue;
            }

            IReadOnlyList<WindowSpec> made = RandomWindow(kind, Sizes[Math.Clamp(scale + _random.Next(-1, 2), 0, Sizes.Length - 1)]);
            if (!Supported.TakesWindow(made[0] with { }) && made.Count == 1)
            {
                continue;
            }

            if (made.Count > 1 && !Supported.Takes(new GroupSpec { Features = [new FeatureSpec { Name = "f", Type = "count", Windows = made }], Trigger = TriggerSpec.Expiry }))
            {
                continue;
            }

            if (!made.Any(m => pool.Exists(p => p.Name == m.Name)))
            {
                pool.AddRange(made);
            }
        }

        return pool.Count > 0 ? pool : [WindowForms.Sliding(Sizes[scale], null, 0)];
    }

    private IReadOnlyList<WindowSpec> RandomWindow(string kind, long size)
    {
        string? name = _random.Next(4) == 0 ? $"w{_random.Next(1000)}" : null;
        switch (kind)
        {
            case "sliding" or "sliding+offset":
                long offset = kind == "sliding" ? 0 : _random.Next(2) == 0 ? size : _random.Next(1, 30) * Math.Max(size / 10, 1);
                if (_random.Next(8) == 0)
                {
                    return WindowForms.Series(size, _random.Next(2, 4), name);
                }

                long? slot = _random.Next(3) switch
                {
                    0 => null,
                    1 => Math.Max(size / _random.Next(1, 12), 200),
                    _ => Math.Max(size / 10 / Second * Second, Second),
                };
                return [WindowForms.Sliding(size, slot, offset, slot is null ? name : name ?? $"s{slot}")];
            case "tumbling":
                return [WindowForms.Tumbling(size, _random.Next(3) == 0 ? _random.Next(1, 4) : 0, name)];
            case "calendar":
                string unit = Pick(Units);
                string? zone = unit[0] is '1' or '7' || _zone != "UTC" ? _zone : null;
                return _random.Next(6) == 0
                    ? WindowForms.CalendarSeries(unit, zone, 3)
                    : [WindowForms.Calendar(unit, zone, _random.Next(3) == 0 ? _random.Next(1, 3) : 0, name)];
            case "session":
                long gap = Math.Max(Second, size / 4);
                return [WindowForms.Session(gap, _random.Next(2) == 0 ? null : gap * _random.Next(1, 5), name)];
            case "last-n":
                return [WindowForms.Last(_random.Next(1, 8), name)];
            default:
                return [WindowForms.Lifetime()];
        }
    }

    private List<FeatureSpec> RandomFeatures(List<WindowSpec> pool, bool isUndoable)
    {
        var features = new List<FeatureSpec>();
        int count = _random.Next(1, 5);
        for (int tries = 0; features.Count < count && tries < 50; tries++)
        {
            string type = features.Count == 0 && _type is not null ? _type : Pick(Supported.Types);
            string name = $"f{features.Count}";
            if (type is "ratio" or "derived")
            {
                AddComputed(type, features, pool);
                continue;
            }

            List<WindowSpec> windows = [.. pool.Where(w => Supported.IsPromised(type, w.Kind) && (_kind is not null || _random.Next(4) != 0))];
            if (!Supported.TakesType(type) || (windows.Count == 0 && !Supported.IsPromised(type, "no window")))
            {
                continue;
            }

            // One entry of the list gives a whole series: take it whole.
            windows = [.. pool.Where(w => windows.Contains(w) || (w.Hocon.Length == 0 && windows.Count > 0))];
            windows.RemoveAll(w => w.Hocon.Length == 0 && !windows.Contains(pool[pool.FindLastIndex(pool.IndexOf(w), static p => p.Hocon.Length > 0)]));
            if (windows.Count == 0 && !Supported.IsPromised(type, "no window"))
            {
                continue;
            }

            FeatureSpec feature = FeatureForms.Random(_random, type, name, windows, mayBound: !isUndoable);
            if (isUndoable && !feature.IsInvertible)
            {
                continue;
            }

            if (Supported.TakesFeature(feature))
            {
                features.Add(feature);
            }
        }

        return features.Count > 0 ? features : [.. FeatureForms.Simple("count", "f0", [pool[0].Hocon.Length > 0 && pool.Count == 1 ? pool[0] : WindowForms.Sliding(Minute, null, 0)])];
    }

    private void AddComputed(string type, List<FeatureSpec> features, List<WindowSpec> pool)
    {
        if (features.Count == 0)
        {
            features.Add(FeatureForms.Random(_random, "count", "f0", pool, mayBound: false));
            features.Add(FeatureForms.Random(_random, "sum", "f1", pool, mayBound: false) with { Of = Column.V });
        }

        FeatureSpec[] numbers = [.. features.Where(static f => f.IsNumber)];
        if (numbers.Length == 0)
        {
            return;
        }

        FeatureSpec[] reads = [Pick(numbers), Pick(numbers)];
        string name = $"f{features.Count}";
        if (reads[0] == reads[1] && type == "derived")
        {
            reads = [reads[0]];
        }

        bool hasPrior = type == "ratio" && _random.Next(2) == 0;
        FeatureSpec computed = type == "ratio"
            ? new FeatureSpec { Name = name, Type = type, Reads = reads, Prior = hasPrior ? _random.Next(3) : null, PriorWeight = hasPrior ? _random.Next(1, 4) * 0.5 : null }
            : FeatureForms.Derived(name, reads, _random.Next(3));
        if (Supported.Takes(new GroupSpec { Features = [.. features, computed], IdleMs = long.MaxValue, Trigger = TriggerSpec.Expiry }))
        {
            features.Add(computed);
        }
    }

    private long RandomIdle(List<FeatureSpec> features, bool hasRetractions)
    {
        WindowSpec[] windows = [.. features.SelectMany(static f => f.Windows)];
        if (!features.Exists(static f => f.IsBare) && !windows.Any(static w => w.IsForLife))
        {
            return 0;
        }

        if (hasRetractions || _random.Next(3) == 0)
        {
            return long.MaxValue;
        }

        long longest = windows.Where(static w => !w.IsForLife).Select(Span).DefaultIfEmpty(0).Max();
        return (longest == 0 ? 0 : (longest * 2) + Hour) + (_random.Next(1, 200) * Pick(new[] { Second, Minute, Hour }));
    }

    /// <summary>Longest time from a row to its exit.</summary>
    private long Span(WindowSpec window) => window switch
    {
        TumblingSpec t => (t.Back + 1) * t.PeriodMs,
        CalendarSpec c => (c.Back + 2) * (c.Unit switch { "day" => 1, "week" => 7, _ => 31 }) * Day,
        _ => window.LeavesAt(_near) - _near,
    };

    private TriggerSpec RandomTrigger() => _random.Next(3) switch
    {
        0 => TriggerSpec.Update(_random.Next(4) * 150),
        1 => TriggerSpec.Timer(_random.Next(1, 6) * Second),
        _ => TriggerSpec.Expiry,
    };

    private T Pick<T>(T[] items) => items[_random.Next(items.Length)];
}

using System.Globalization;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>Reads the windows of a feature.</summary>
internal static class WindowBinder
{
    private const string Example = "write 1h, { size = 1d, slot = 5m, name = day, offset = 7d }, { tumbling = day }, { session = 30m }, { last = 100 } or lifetime";

    // Ten years; sums of size, slot and offset then stay far from the end of a long.
    private const long SizeMaxMs = 3_650L * 86_400_000;

    // A window over more slots than this costs more to evaluate than anything it could feed; a coarser slot is meant.
    private const long SlotsMax = 100_000;

    // A year of days; more would be kept for every key.
    private const int BackMax = 366;

    // Each of them is a slot of its own, moved when the oldest goes.
    private const int RowsMax = 10_000;

    private static readonly string[] Heads = ["tumbling", "session", "last", "size"];

    private static readonly Dictionary<string, CalendarUnit> Units = new(StringComparer.Ordinal)
    {
        ["day"] = CalendarUnit.Day,
        ["week"] = CalendarUnit.Week,
        ["month"] = CalendarUnit.Month,
    };

    /// <summary>The windows in order; mistakes are added and leave their window out.</summary>
    public static List<FeatureWindow> Bind(ConfigValue windows, NamedWindows named)
    {
        var result = new List<FeatureWindow>();
        IReadOnlyList<ConfigValue> items = windows.IsObject && !LooksLikeArray(windows) ? [windows] : windows.AsOneOrMany();
        if (items.Count == 0)
        {
            windows.Error("at least one window is needed", Example);
        }

        foreach (ConfigValue item in items)
        {
            foreach (FeatureWindow window in BindItem(item, named, null))
            {
                if (result.Exists(w => w.Name == window.Name))
                {
                    item.Error($"there are two windows '{window.Name}'", "give one of them another name: { size = …, name = … }");
                    break;
                }

                result.Add(window);
            }
        }

        return result;
    }

    /// <summary>One window, or a series, called <paramref name="name"/>; empty after mistakes.</summary>
    public static IReadOnlyList<FeatureWindow> BindNamed(ConfigValue item, string name, NamedWindows others) =>
        [.. BindItem(item, others, name)];

    private static bool LooksLikeArray(ConfigValue value) => ConfigArrays.FromNumericKeys((ConfigObject)value.Node) is not null;

    private static IEnumerable<FeatureWindow> BindItem(ConfigValue item, NamedWindows named, string? name) =>
        item.IsObject ? BindObject(item, named, name) : BindScalar(item, named, name);

    private static IEnumerable<FeatureWindow> BindScalar(ConfigValue item, NamedWindows named, string? name)
    {
        if (item.Node is ConfigScalar { Text: SlidingWindow.LifetimeWord })
        {
            return [SlidingWindow.Lifetime(name ?? SlidingWindow.LifetimeWord)];
        }

        if (item.Node is ConfigScalar { Text: { } text } && !ConfigDuration.TryParseMs(text, out _))
        {
            if (named.Find(text) is { } windows)
            {
                return windows;
            }

            item.Error($"'{text}' is no window", named.Names.Any() ? Names.Nearest(text, named.Names) : Example);
            return [];
        }

        return item.AsDurationMs(1, SizeMaxMs) is { } size ? [Sliding(name, size, SlotWidths.ForWindow(size), 0)] : [];
    }

    private static List<FeatureWindow> BindObject(ConfigValue item, NamedWindows named, string? name)
    {
        ConfigReader reader = item.AsObject()!;
        int errorsBefore = reader.Errors.Count;
        name = ReadName(reader, name);
        string head = Heads.FirstOrDefault(k => reader.Value.Find(k) is not null) ?? "size";
        List<FeatureWindow> windows = head switch
        {
            "tumbling" => BindTumbling(reader, named, name),
            "session" => BindSession(reader, name),
            "last" => BindLast(reader, name),
            _ when reader.Value.Find("size")?.Value is ConfigScalar { Text: SlidingWindow.LifetimeWord } => [BindLifetime(reader, name)],
            _ => BindSliding(reader, name),
        };
        reader.RejectUnknown();
        return reader.Errors.Count == errorsBefore ? windows : [];
    }

    private static string? ReadName(ConfigReader reader, string? given)
    {
        if (reader.Optional("name") is not { } value)
        {
            return given;
        }

        if (given is not null)
        {
            value.Error($"the window is called '{given}' already", "remove 'name'");
            return given;
        }

        // The later windows of a series end in @1, @2, …
        return value.AsString() is { } name && Names.Check("a window", WithoutNumber(name), value.Position, value.Errors) ? name : null;
    }

    private static string WithoutNumber(string name)
    {
        int at = name.IndexOf('@', StringComparison.Ordinal);
        return at > 0 && int.TryParse(name.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && name == Numbered(name[..at], number) ? name[..at] : name;
    }

    private static string Numbered(string name, int number) => number == 0 ? name : FormattableString.Invariant($"{name}@{number}");

    private static SlidingWindow BindLifetime(ConfigReader reader, string? name)
    {
        reader.Know("size");
        foreach (string key in (string[])["slot", "offset", "series"])
        {
            reader.Optional(key)?.Error("a lifetime window has one slot that nothing leaves", $"remove '{key}'");
        }

        return SlidingWindow.Lifetime(name ?? SlidingWindow.LifetimeWord);
    }

    private static List<FeatureWindow> BindSliding(ConfigReader reader, string? name)
    {
        long? size = reader.DurationMs("size", 1, SizeMaxMs);
        long slot = reader.DurationMsOr("slot", size is { } s ? SlotWidths.ForWindow(s) : 1, 1, size ?? SizeMaxMs);
        long offset = reader.DurationMsOr("offset", 0, 0, SizeMaxMs);
        int? series = ReadSeries(reader, "offset");
        if (size is not { } sizeMs)
        {
            return [];
        }

        if (sizeMs / slot > SlotsMax)
        {
            reader.Optional("slot")!.Error($"the window would have {sizeMs / slot} slots, more than {SlotsMax}", "choose a coarser slot");
        }

        if (series is not { } count)
        {
            return [Sliding(name, sizeMs, slot, offset)];
        }

        if ((count - 1) * sizeMs > SizeMaxMs)
        {
            reader.Optional("series")!.Error($"the last window of the series would end more than {ConfigDuration.Format(SizeMaxMs)} ago");
        }

        return [.. Enumerable.Range(0, count).Select(i => Sliding(name is null ? null : Numbered(name, i), sizeMs, slot, i * sizeMs))];
    }

    private static List<FeatureWindow> BindTumbling(ConfigReader reader, NamedWindows named, string? name)
    {
        int back = reader.IntOr("back", 0, 0, BackMax);
        int? series = ReadSeries(reader, "back");
        if (BindPeriods(reader, named, ref name) is not { } periods)
        {
            return [];
        }

        return series is { } count
            ? [.. Enumerable.Range(0, count).Select(i => Tumbling(name is null ? null : Numbered(name, i), periods, i))]
            : [Tumbling(name, periods, back)];
    }

    /// <summary>The periods of a tumbling window; a day or week written as <c>1d</c> or <c>7d</c> gives it that name.</summary>
    private static Periods? BindPeriods(ConfigReader reader, NamedWindows named, ref string? name)
    {
        ConfigValue value = reader.Optional("tumbling")!;
        if (value.Node is ConfigScalar { Text: { } custom } && custom.StartsWith(CustomKinds.Prefix, StringComparison.Ordinal))
        {
            return BindCustom(reader, value, custom, named.Slots);
        }

        ConfigValue? zoneValue = reader.Optional("zone");
        string? zone = zoneValue is null ? "UTC" : zoneValue.AsString();
        CalendarUnit? unit = value.Node is ConfigScalar { Text: { } word } && Units.TryGetValue(word, out CalendarUnit found) ? found : null;
        if (unit is null)
        {
            if (value.AsDurationMs(1_000, SizeMaxMs) is not { } lengthMs)
            {
                return null;
            }

            if (zoneValue is null)
            {
                return new UniformPeriods(lengthMs);
            }

            unit = lengthMs == CivilCalendar.DayMs ? CalendarUnit.Day : lengthMs == 7 * CivilCalendar.DayMs ? CalendarUnit.Week : null;
            if (unit is null)
            {
                zoneValue.Error(
                    $"periods of {ConfigDuration.Format(lengthMs)} have no zone: they are counted from 1970-01-01 UTC",
                    "write tumbling = day, week or month, or remove 'zone'");
                return null;
            }

            name ??= $"tumbling-{ConfigDuration.Format(lengthMs)}" + (reader.IntOr("back", 0, 0, BackMax) is > 0 and var back ? $"@{back}" : "");
        }

        if (zone is null)
        {
            return null;
        }

        CalendarPeriods? periods = CalendarPeriods.Find(zone, unit.Value);
        if (periods is null)
        {
            zoneValue!.Error($"unknown time zone '{zone}'", "use a name of the IANA database such as Europe/Paris");
        }

        return periods;
    }

    private static TablePeriods? BindCustom(
        ConfigReader reader, ConfigValue value, string name, IReadOnlyDictionary<string, PluginSlots> slots)
    {
        if (slots.TryGetValue(name, out PluginSlots? found))
        {
            return found.Bind(new ConfigSettingsBinding(name, reader));
        }

        // Its settings are unknown too, which is no further mistake.
        reader.Know([.. reader.Keys]);
        value.Error($"no plug-in has periods '{name}'", slots.Count == 0 ? null : Names.Nearest(name, slots.Keys));
        return null;
    }

    private static List<FeatureWindow> BindSession(ConfigReader reader, string? name)
    {
        Refuse(reader, "a window of the session that is going on", "offset", "back", "series");
        long? gap = reader.DurationMs("session", 1_000, SizeMaxMs);
        long lateness = reader.DurationMsOr("lateness", gap ?? 1_000, gap ?? 1_000, SizeMaxMs);
        return gap is { } gapMs ? [new SessionWindow(name ?? new SessionWindow("", gapMs, lateness).DefaultName, gapMs, lateness)] : [];
    }

    private static List<FeatureWindow> BindLast(ConfigReader reader, string? name)
    {
        Refuse(reader, "a window of the newest rows", "offset", "back", "series");
        return reader.Int("last", 1, RowsMax) is { } count
            ? [new LastRowsWindow(name ?? new LastRowsWindow("", count).DefaultName, count)]
            : [];
    }

    private static void Refuse(ConfigReader reader, string what, params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            reader.Optional(key)?.Error($"{what} has no '{key}'", $"remove '{key}'");
        }
    }

    private static int? ReadSeries(ConfigReader reader, string step)
    {
        if (reader.Optional("series") is null)
        {
            return null;
        }

        reader.Optional(step)?.Error($"a series states its own '{step}'", $"remove '{step}' or 'series'");
        return reader.IntOr("series", 1, 1, BackMax);
    }

    private static SlidingWindow Sliding(string? name, long sizeMs, long slotMs, long offsetMs)
    {
        SlidingWindow window = SlidingWindow.Of(name ?? "", sizeMs, slotMs, offsetMs);
        return name is null ? SlidingWindow.Of(window.DefaultName, sizeMs, slotMs, offsetMs) : window;
    }

    private static TumblingWindow Tumbling(string? name, Periods periods, int back)
    {
        var window = new TumblingWindow(name ?? "", periods, back);
        return name is null ? new TumblingWindow(window.DefaultName, periods, back) : window;
    }
}

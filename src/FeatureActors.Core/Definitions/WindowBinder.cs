using FeatureActors.Abstractions.Configuration;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>Reads the windows of a feature.</summary>
internal static class WindowBinder
{
    public const string LifetimeWord = "lifetime";

    private const string Example = "write 1h, { size = 1d, slot = 5m, name = day, offset = 7d } or lifetime";

    // Ten years; sums of size, slot and offset then stay far from the end of a long.
    private const long SizeMaxMs = 3_650L * 86_400_000;

    // A window over more slots than this costs more to evaluate than anything it could feed; a coarser slot is meant.
    private const long SlotsMax = 100_000;

    private static readonly string[] PromisedKeys = ["tumbling", "session", "last", "calendar", "zone"];

    /// <summary>The windows in order; mistakes are added and leave their window out.</summary>
    public static List<SlidingWindow> Bind(ConfigValue windows)
    {
        var result = new List<SlidingWindow>();
        IReadOnlyList<ConfigValue> items = windows.IsObject && !LooksLikeArray(windows) ? [windows] : windows.AsOneOrMany();
        if (items.Count == 0)
        {
            windows.Error("at least one window is needed", Example);
        }

        foreach (ConfigValue item in items)
        {
            SlidingWindow? window = item.IsObject ? BindObject(item) : BindScalar(item);
            if (window is null)
            {
                continue;
            }

            if (result.Any(w => w.Name == window.Name))
            {
                item.Error($"there are two windows '{window.Name}'", "give one of them another name: { size = …, name = … }");
                continue;
            }

            result.Add(window);
        }

        return result;
    }

    /// <summary>Size, slot and offset in one spelling, such as <c>1d/15m@7d</c>: equal texts are equal windows, whatever their names.</summary>
    public static string CanonicalText(SlidingWindow window) =>
        window.IsLifetime
            ? LifetimeWord
            : $"{ConfigDuration.Format(window.SizeMs)}/{ConfigDuration.Format(window.SlotMs)}{OffsetSuffix(window.OffsetMs)}";

    /// <summary>The name of a window that states none.</summary>
    public static string DefaultName(SlidingWindow window) =>
        window.IsLifetime ? LifetimeWord : DefaultName(window.SizeMs, window.OffsetMs);

    private static string DefaultName(long sizeMs, long offsetMs) => ConfigDuration.Format(sizeMs) + OffsetSuffix(offsetMs);

    private static string OffsetSuffix(long offsetMs) => offsetMs == 0 ? "" : "@" + ConfigDuration.Format(offsetMs);

    private static bool LooksLikeArray(ConfigValue value) => ConfigArrays.FromNumericKeys((ConfigObject)value.Node) is not null;

    private static SlidingWindow? BindScalar(ConfigValue item)
    {
        if (item.Node is ConfigScalar { Text: LifetimeWord })
        {
            return SlidingWindow.Lifetime(LifetimeWord);
        }

        if (item.Node is ConfigScalar { Text: { } text } && !ConfigDuration.TryParseMs(text, out _))
        {
            item.Error($"'{text}' is no window", Example);
            return null;
        }

        return item.AsDurationMs(1, SizeMaxMs) is { } size
            ? SlidingWindow.Of(DefaultName(size, 0), size, SlotWidths.ForWindow(size))
            : null;
    }

    private static SlidingWindow? BindObject(ConfigValue item)
    {
        ConfigReader reader = item.AsObject()!;
        if (PromisedKeys.FirstOrDefault(k => reader.Value.Find(k) is not null) is { } promised)
        {
            reader.Errors.Add(new ConfigError(
                reader.Value.Find(promised)!.KeyPosition,
                $"{item.Path}: windows with '{promised}' are promised and not built yet",
                "this release has sliding windows, offset and lifetime"));
            return null;
        }

        string? name = ReadName(reader);
        SlidingWindow? window = reader.Value.Find("size")?.Value is ConfigScalar { Text: LifetimeWord }
            ? BindLifetime(reader, name)
            : BindSliding(reader, name);
        reader.RejectUnknown();
        return window;
    }

    private static string? ReadName(ConfigReader reader) =>
        reader.Optional("name") is { } value && value.AsString() is { } name
        && Names.Check("a window", name, value.Position, value.Errors)
            ? name
            : null;

    private static SlidingWindow BindLifetime(ConfigReader reader, string? name)
    {
        reader.Know("size");
        foreach (string key in (string[])["slot", "offset"])
        {
            reader.Optional(key)?.Error("a lifetime window has one slot that nothing leaves", $"remove '{key}'");
        }

        return SlidingWindow.Lifetime(name ?? LifetimeWord);
    }

    private static SlidingWindow? BindSliding(ConfigReader reader, string? name)
    {
        long? size = reader.DurationMs("size", 1, SizeMaxMs);
        long slot = reader.DurationMsOr("slot", size is { } s ? SlotWidths.ForWindow(s) : 1, 1, size ?? SizeMaxMs);
        long offset = reader.DurationMsOr("offset", 0, 0, SizeMaxMs);
        if (size is not { } sizeMs)
        {
            return null;
        }

        if (sizeMs / slot > SlotsMax)
        {
            reader.Optional("slot")!.Error($"the window would have {sizeMs / slot} slots, more than {SlotsMax}", "choose a coarser slot");
        }

        return SlidingWindow.Of(name ?? DefaultName(sizeMs, offset), sizeMs, slot, offset);
    }
}

using FeatureActors.Abstractions.Configuration;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>The windows of the definitions' own <c>windows { … }</c>, which features may name.</summary>
internal sealed class NamedWindows
{
    private readonly Dictionary<string, IReadOnlyList<FeatureWindow>> _windows = new(StringComparer.Ordinal);

    private NamedWindows(IReadOnlyDictionary<string, PluginSlots> slots) => Slots = slots;

    /// <summary>Periods of plug-ins, which windows may name too.</summary>
    public IReadOnlyDictionary<string, PluginSlots> Slots { get; }

    /// <summary>The names, those of windows with mistakes included.</summary>
    public IEnumerable<string> Names => _windows.Keys;

    /// <summary>Reads the windows of a definitions file and adds their mistakes.</summary>
    public static NamedWindows Bind(ConfigReader reader, IReadOnlyDictionary<string, PluginSlots> slots)
    {
        var named = new NamedWindows(slots);
        if (!reader.Has("windows") || reader.Object("windows") is not { } entries)
        {
            return named;
        }

        foreach ((ConfigField field, ConfigValue value) in entries.Entries())
        {
            bool isName = Definitions.Names.Check("a window", field.Key, field.KeyPosition, value.Errors);
            if (field.Key == SlidingWindow.LifetimeWord || ConfigDuration.TryParseMs(field.Key, out _))
            {
                value.Error($"'{field.Key}' already means a window", "choose another name");
                isName = false;
            }

            named._windows[field.Key] = isName ? WindowBinder.BindNamed(value, field.Key, new NamedWindows(slots)) : [];
        }

        return named;
    }

    /// <summary>The windows called <paramref name="name"/>, several for a series, none when they have mistakes; null when there is no such name.</summary>
    public IReadOnlyList<FeatureWindow>? Find(string name) => _windows.GetValueOrDefault(name);
}

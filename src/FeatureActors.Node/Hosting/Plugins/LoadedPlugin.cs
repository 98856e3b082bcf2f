using FeatureActors.Core.Plugins;

namespace FeatureActors.Node.Hosting.Plugins;

/// <summary>One plug-in that is loaded, with what it brings.</summary>
internal sealed class LoadedPlugin(string name, string version, PluginLoadContext context)
{
    /// <summary>Its name: that of its folder.</summary>
    public string Name { get; } = name;

    /// <summary>Version of its assembly as its author states it, with what comes before a <c>+</c>.</summary>
    public string Version { get; } = version;

    /// <summary>Its feature types, supervised.</summary>
    public List<PluginFeatureType> Types { get; } = [];

    /// <summary>Its triggers, supervised.</summary>
    public List<PluginTriggerType> Triggers { get; } = [];

    /// <summary>Names of those of its types that are conversions.</summary>
    public HashSet<string> Conversions { get; } = [];

    /// <summary>Its forms of events, supervised.</summary>
    public List<PluginEventFormat> Formats { get; } = [];

    /// <summary>Its lookups, supervised.</summary>
    public List<PluginLookupType> Lookups { get; } = [];

    /// <summary>Its periods.</summary>
    public List<PluginSlots> Slots { get; } = [];

    /// <summary>Its functions, supervised.</summary>
    public List<PluginFunction> Functions { get; } = [];

    /// <summary>Its sinks, supervised.</summary>
    public List<PluginSinkType> Sinks { get; } = [];

    /// <summary>What it brings, in words.</summary>
    public IEnumerable<string> Contents =>
    [
        .. Types.Select(t => $"{(Conversions.Contains(t.Name) ? "conversion" : "type")} {t.Name}"),
        .. Triggers.Select(static t => $"trigger {t.Name}"),
        .. Functions.Select(static f => $"function {f.Name}"),
        .. Formats.Select(static f => $"format {f.Name}"),
        .. Lookups.Select(static l => $"lookup {l.Name}"),
        .. Slots.Select(static s => $"periods {s.Name}"),
        .. Sinks.Select(static s => $"sink {s.Name}"),
    ];

    /// <summary>Dies with its code; for tests.</summary>
    public WeakReference Context { get; } = new(context);

    /// <summary>Lets its code go, once nothing refers to it any more.</summary>
    public void Unload() => context.Unload();
}

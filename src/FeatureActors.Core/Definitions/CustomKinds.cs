using FeatureActors.Core.Plugins;

namespace FeatureActors.Core.Definitions;

/// <summary>What definitions may name as <c>custom:&lt;name&gt;</c> beside feature types and triggers: forms of events, lookups and periods.</summary>
public sealed class CustomKinds
{
    /// <summary>What the name of a plug-in's part begins with.</summary>
    public const string Prefix = "custom:";

    private readonly Dictionary<string, PluginEventFormat> _formats;
    private readonly Dictionary<string, PluginLookupType> _lookups;
    private readonly Dictionary<string, PluginSlots> _slots;

    /// <summary>The given kinds; their names have the prefix already, no two of a kind the same.</summary>
    public CustomKinds(IEnumerable<PluginEventFormat> formats, IEnumerable<PluginLookupType> lookups, IEnumerable<PluginSlots> slots)
    {
        _formats = formats.ToDictionary(static f => f.Name, StringComparer.Ordinal);
        _lookups = lookups.ToDictionary(static l => l.Name, StringComparer.Ordinal);
        _slots = slots.ToDictionary(static s => s.Name, StringComparer.Ordinal);
    }

    /// <summary>Nothing but what is built in.</summary>
    public static CustomKinds None { get; } = new([], [], []);

    /// <summary>Forms of events by name.</summary>
    public IReadOnlyDictionary<string, PluginEventFormat> Formats => _formats;

    /// <summary>Lookups by name.</summary>
    public IReadOnlyDictionary<string, PluginLookupType> Lookups => _lookups;

    /// <summary>Periods by name.</summary>
    public IReadOnlyDictionary<string, PluginSlots> Slots => _slots;
}

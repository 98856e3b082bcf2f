using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Expressions;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Triggers;
using FeatureActors.Node.Commands;
using FeatureActors.Node.Options;

namespace FeatureActors.Node.Hosting.Plugins;

/// <summary>The plug-ins of a process: what definitions may name beside what is built in. Immutable; a change makes another set.</summary>
internal sealed class PluginSet
{
    private PluginSet(PluginFolder folder, IReadOnlyList<LoadedPlugin> plugins)
    {
        Folder = folder;
        Plugins = plugins;
    }

    /// <summary>Where they come from.</summary>
    public PluginFolder Folder { get; }

    /// <summary>The plug-ins, in order of their names.</summary>
    public IReadOnlyList<LoadedPlugin> Plugins { get; }

    /// <summary>Loads every plug-in of a folder; none when there is no folder.</summary>
    /// <exception cref="UsageException">One of them cannot be loaded, or two have the same.</exception>
    public static PluginSet Load(string folder)
    {
        var place = new PluginFolder(folder);
        var loaded = new List<LoadedPlugin>();
        try
        {
            foreach (string name in place.Names())
            {
                loaded.Add(PluginLoader.Load(place, name));
            }

            return Checked(place, loaded);
        }
        catch (PluginException error)
        {
            loaded.ForEach(static p => p.Unload());
            throw new UsageException(error.Message);
        }
    }

    /// <summary>This set with one plug-in loaded anew, or added.</summary>
    /// <exception cref="PluginException">It cannot be loaded, or its names are taken.</exception>
    public PluginSet With(LoadedPlugin plugin) => Checked(
        Folder, [.. Plugins.Where(p => p.Name != plugin.Name).Append(plugin).OrderBy(static p => p.Name, StringComparer.Ordinal)]);

    /// <summary>Binds definitions with what is built in and these plug-ins.</summary>
    /// <exception cref="ConfigException">The definitions have mistakes.</exception>
    public DefinitionsModel Bind(ConfigObject definitions) => DefinitionsBinder.Bind(
        definitions,
        new FeatureTypeRegistry([.. BuiltInFeatureTypes.All, .. Plugins.SelectMany(static p => p.Types)]),
        Plugins.SelectMany(static p => p.Functions),
        new TriggerTypeRegistry([.. BuiltInTriggerTypes.All, .. Plugins.SelectMany(static p => p.Triggers)]),
        new CustomKinds(
            Plugins.SelectMany(static p => p.Formats), Plugins.SelectMany(static p => p.Lookups), Plugins.SelectMany(static p => p.Slots)));

    /// <summary>Opens the sink that a configuration names.</summary>
    /// <param name="section">Its name and settings; not that of Redis.</param>
    /// <param name="definitionsNamespace">Namespace of the definitions.</param>
    /// <param name="callBudget">Longest time that a call may take.</param>
    /// <param name="time">The node's clock.</param>
    /// <exception cref="ConfigException">No plug-in has it, or its settings have mistakes.</exception>
    public PluginSink OpenSink(SinkSection section, string definitionsNamespace, TimeSpan callBudget, TimeProvider time)
    {
        PluginSinkType[] known = [.. Plugins.SelectMany(static p => p.Sinks)];
        if (Array.Find(known, s => s.Name == section.Type) is not { } type)
        {
            string there = known.Length == 0 ? "none has a sink" : "there is " + string.Join(", ", known.Select(static s => s.Name));
            throw new ConfigException([new ConfigError(
                section.Settings.Place(), $"no plug-in in {Folder.Path} has the sink '{section.Type}': {there}", "write redis, or put the plug-in into the folder")]);
        }

        var errors = new List<ConfigError>();
        var settings = section.Settings.Read(errors);
        PluginSink? sink = type.Open(new ConfigSettingsBinding("sink", settings), definitionsNamespace, callBudget, time);
        settings.RejectUnknown();
        return errors.Count == 0 && sink is not null
            ? sink
            : throw new ConfigException(errors.Count > 0 ? errors : [new ConfigError(section.Settings.Place(), $"sink {type.Name} did not open and did not say why")]);
    }

    /// <summary>
    /// This set with the functions of <paramref name="old"/> where both have them: expressions are bound to those, and only what is
    /// behind them was exchanged.
    /// </summary>
    public PluginSet Keeping(PluginSet old)
    {
        foreach (LoadedPlugin plugin in Plugins)
        {
            for (int i = 0; i < plugin.Functions.Count; i++)
            {
                string name = plugin.Functions[i].Name;
                plugin.Functions[i] = old.Plugins.SelectMany(static p => p.Functions).FirstOrDefault(f => f.Name == name) ?? plugin.Functions[i];
            }
        }

        return this;
    }

    /// <summary>A line for each plug-in.</summary>
    public IEnumerable<string> Describe() => Plugins.Count == 0
        ? [$"no plug-ins in {Folder.Path}"]
        : Plugins.Select(static p => $"{p.Name} {p.Version}: {string.Join(", ", p.Contents)}");

    private static PluginSet Checked(PluginFolder folder, IReadOnlyList<LoadedPlugin> plugins)
    {
        var owners = ScalarFunctionSet.BuiltIn.Names.ToDictionary(static n => "function " + n.ToLowerInvariant(), static _ => "what is built in");
        foreach (LoadedPlugin plugin in plugins)
        {
            IEnumerable<string> names =
            [
                .. plugin.Types.Select(static t => $"type {t.Name}"), .. plugin.Triggers.Select(static t => $"trigger {t.Name}"),
                .. plugin.Formats.Select(static f => $"format {f.Name}"), .. plugin.Lookups.Select(static l => $"lookup {l.Name}"),
                .. plugin.Slots.Select(static s => $"periods {s.Name}"), .. plugin.Sinks.Select(static s => $"sink {s.Name}"),
                .. plugin.Functions.Select(static f => "function " + f.Name.ToLowerInvariant()),
            ];
            foreach (string item in names)
            {
                if (!owners.TryAdd(item, $"plug-in '{plugin.Name}'"))
                {
                    throw new PluginException($"plug-in '{plugin.Name}' brings {item}, which {owners[item]} has already: rename one of them");
                }
            }
        }

        return new PluginSet(folder, plugins);
    }
}

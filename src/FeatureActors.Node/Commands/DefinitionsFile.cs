using FeatureActors.Core.Definitions;
using FeatureActors.Hocon;
using FeatureActors.Node.Hosting.Plugins;

namespace FeatureActors.Node.Commands;

/// <summary>Loads definitions.</summary>
internal static class DefinitionsFile
{
    /// <summary>Reads, resolves and checks a file of definitions, which may name the plug-ins of a folder.</summary>
    /// <exception cref="Abstractions.Errors.ConfigException">It has mistakes; carries all of them.</exception>
    /// <exception cref="UsageException">A plug-in cannot be loaded.</exception>
    public static DefinitionsModel Load(string path, string pluginFolder) => PluginSet.Load(pluginFolder).Bind(HoconParser.ParseFile(path));

    /// <summary>The source called <paramref name="name"/>.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static SourceDefinition Source(DefinitionsModel model, string name) =>
        model.Sources.FirstOrDefault(s => s.Name == name)
        ?? throw new UsageException($"the definitions have no source '{name}'; there is {string.Join(", ", model.Sources.Select(static s => s.Name))}");
}

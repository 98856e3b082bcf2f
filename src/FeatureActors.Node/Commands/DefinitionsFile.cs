using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Hocon;

namespace FeatureActors.Node.Commands;

/// <summary>Loads definitions.</summary>
internal static class DefinitionsFile
{
    /// <summary>Reads, resolves and checks a file of definitions.</summary>
    /// <exception cref="Abstractions.Errors.ConfigException">It has mistakes; carries all of them.</exception>
    public static DefinitionsModel Load(string path) =>
        DefinitionsBinder.Bind(HoconParser.ParseFile(path), new FeatureTypeRegistry(BuiltInFeatureTypes.All));

    /// <summary>The source called <paramref name="name"/>.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static SourceDefinition Source(DefinitionsModel model, string name) =>
        model.Sources.FirstOrDefault(s => s.Name == name)
        ?? throw new UsageException($"the definitions have no source '{name}'; there is {string.Join(", ", model.Sources.Select(static s => s.Name))}");
}

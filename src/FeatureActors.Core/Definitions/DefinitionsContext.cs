using FeatureActors.Core.Expressions;

namespace FeatureActors.Core.Definitions;

/// <summary>What groups may name, collected before they are read.</summary>
/// <param name="Types">Feature types.</param>
/// <param name="Triggers">Trigger types.</param>
/// <param name="Functions">Functions of expressions.</param>
/// <param name="Sources">Sources by name.</param>
/// <param name="Entities">Entities by name.</param>
/// <param name="WrongSources">Names of sources that exist but could not be read: naming them is no further mistake.</param>
/// <param name="WrongEntities">The same of entities.</param>
/// <param name="Windows">Windows by name.</param>
/// <param name="Custom">Other kinds of plug-ins.</param>
internal sealed record DefinitionsContext(
    FeatureTypeRegistry Types,
    TriggerTypeRegistry Triggers,
    ScalarFunctionSet Functions,
    Dictionary<string, SourceDefinition> Sources,
    Dictionary<string, EntityDefinition> Entities,
    HashSet<string> WrongSources,
    HashSet<string> WrongEntities,
    NamedWindows Windows,
    CustomKinds Custom);

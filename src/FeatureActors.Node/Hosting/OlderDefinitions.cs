using System.Collections.Concurrent;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Hocon;
using FeatureActors.Node.Hosting.Plugins;

namespace FeatureActors.Node.Hosting;

/// <summary>Versions of the definitions before the one in force, compiled from the texts that the store keeps. Safe for concurrent calls.</summary>
/// <param name="store">Keeps the texts.</param>
/// <param name="plugins">The plug-ins there are now.</param>
/// <param name="newest">The version in force, with all numbers ever given.</param>
/// <param name="decoders">Builds decoders.</param>
internal sealed class OlderDefinitions(IDefinitionStore store, PluginSet plugins, DefinitionsSnapshot newest, DecoderFactory decoders)
{
    private readonly ConcurrentDictionary<long, DefinitionsModel> _models = new();

    /// <summary>What a version makes of a source.</summary>
    /// <exception cref="OlderDefinitionsException">It cannot be compiled any more.</exception>
    /// <exception cref="DependencyUnavailableException">The store is away.</exception>
    public async ValueTask<IngestPlan> CompileAsync(string source, long version, CancellationToken cancellationToken)
    {
        try
        {
            if (!_models.TryGetValue(version, out DefinitionsModel? model))
            {
                string text = await store.ReadTextAsync(newest.Namespace, version, cancellationToken).ConfigureAwait(false)
                    ?? throw new OlderDefinitionsException(source, version, "the store does not have it: restore the database that these positions belong to");
                model = plugins.Bind(HoconParser.ParseText(text, $"version {version}"));
                _models[version] = model;
            }

            return PlanCompiler.CompileOlder(model, version, newest, source, decoders)
                ?? throw new OlderDefinitionsException(source, version, "it has no such source: restore the database that these positions belong to");
        }
        catch (ConfigException error)
        {
            throw new OlderDefinitionsException(
                source,
                version,
                $"{string.Join("; ", error.Errors.Select(static e => e.ToString()))}; put what it names back into {plugins.Folder.Path} beside what the newer definitions use and start the node again: once these events are read it may go",
                error);
        }
    }
}

using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;
using FeatureActors.Node.Hosting.Control;
using FeatureActors.Runtime.Hosting;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Node.Hosting.Plugins;

/// <summary>
/// The plug-ins of a running node: answers what commands ask about them, and exchanges one for its next version. What the engine
/// holds are stand-ins that stay; only what is behind them changes, so that the old version can go.
/// </summary>
internal sealed class PluginHost
{
    private readonly ConfigObject _definitions;
    private readonly DefinitionsSnapshot _snapshot;
    private readonly DefinitionsPlan _plan;
    private readonly NodeRuntime _runtime;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private PluginSet _plugins;

    /// <summary>Answers for <paramref name="runtime"/>, which runs <paramref name="plan"/>.</summary>
    /// <param name="plugins">What is loaded.</param>
    /// <param name="definitions">The definitions in force, resolved.</param>
    /// <param name="snapshot">Their version with its numbers.</param>
    /// <param name="plan">The same, compiled with <paramref name="plugins"/>.</param>
    /// <param name="runtime">The actors.</param>
    /// <param name="time">The node's clock.</param>
    /// <param name="logger">Where exchanges are told.</param>
    public PluginHost(
        PluginSet plugins, ConfigObject definitions, DefinitionsSnapshot snapshot, DefinitionsPlan plan, NodeRuntime runtime, TimeProvider time, ILogger logger)
    {
        _plugins = plugins;
        _definitions = definitions;
        _snapshot = snapshot;
        _plan = plan;
        _runtime = runtime;
        _time = time;
        _logger = logger;
    }

    /// <summary>The sink of a plug-in that the node writes to, with what opens it from another set; null when it writes to Redis.</summary>
    public (PluginSink Sink, Func<PluginSet, PluginSink> Open)? Sink { get; init; }

    /// <summary>Does what a command asks.</summary>
    public async Task<ControlAnswer> HandleAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return request.Command switch
            {
                "plugins list" => new ControlAnswer(true, [.. _plugins.Describe(), .. _runtime.Status.Plugins.Select(Describe)]),
                "plugins reload" => new ControlAnswer(true, await ReloadAsync(request.Name, cancellationToken).ConfigureAwait(false)),
                "plugins switch-on" => await SwitchAsync(request.Name!, isOn: true, cancellationToken).ConfigureAwait(false),
                "plugins switch-off" => await SwitchAsync(request.Name!, isOn: false, cancellationToken).ConfigureAwait(false),
                _ => new ControlAnswer(false, [$"this node does not know '{request.Command}': command and node are of different releases"]),
            };
        }
        catch (PluginException error)
        {
            return new ControlAnswer(false, [error.Message, "nothing was changed"]);
        }
        catch (ConfigException error)
        {
            return new ControlAnswer(false, [.. error.Errors.Select(static e => e.ToString()), "definitions and configuration in force do not fit what the folder holds now; nothing was changed"]);
        }
    }

    private static string Describe(PluginStatus status) =>
        $"{status.Kind} {status.Name} ({status.Plugin}): {(status.IsOff ? $"switched off: {status.OffReason}" : "on")}, {status.Faults} calls failed"
        + (status.LastError is { } error && !status.IsOff ? $", last: {FirstLine(error)}" : "");

    private static string FirstLine(string text) => text.Split('\n')[0].TrimEnd('\r');

    private async Task<ControlAnswer> SwitchAsync(string name, bool isOn, CancellationToken cancellationToken)
    {
        PluginStatus[] known = [.. _runtime.Status.Plugins];
        if (!known.Any(p => p.Name == name))
        {
            return new ControlAnswer(false, [$"no plug-in is used under the name '{name}'; there is {(known.Length == 0 ? "none" : string.Join(", ", known.Select(static p => p.Name).Distinct()))}"]);
        }

        bool isChanged = await _runtime.SwitchPluginAsync(name, isOn, PluginPart.ByCommand, cancellationToken).ConfigureAwait(false);
        string state = isOn ? "on" : "off";
        return new ControlAnswer(true, [isChanged ? $"{name} is switched {state}" : $"{name} was {state} already"]);
    }

    private async Task<IReadOnlyList<string>> ReloadAsync(string? name, CancellationToken cancellationToken)
    {
        string[] names = name is null ? [.. _plugins.Folder.Names()] : [name];
        var loaded = new List<LoadedPlugin>();
        try
        {
            PluginSet next = _plugins;
            foreach (string each in names)
            {
                loaded.Add(PluginLoader.Load(_plugins.Folder, each));
                next = next.With(loaded[^1]);
            }

            await ExchangeAsync(next, loaded, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            loaded.ForEach(static p => p.Unload());
            throw;
        }

        return names.Length == 0 ? [$"no plug-ins in {_plugins.Folder.Path}"] : [.. loaded.Select(static p => $"{p.Name} {p.Version} is loaded: {string.Join(", ", p.Contents)}")];
    }

    private async Task ExchangeAsync(PluginSet next, IReadOnlyList<LoadedPlugin> loaded, CancellationToken cancellationToken)
    {
        DefinitionsModel model = next.Bind(_definitions);
        DefinitionsAssignment assignment = DefinitionsCatalog.Assign(model, _snapshot, _time.GetUtcNow().ToUnixTimeMilliseconds());
        if (assignment.HasChanges)
        {
            throw new PluginException("the new version reads its definitions differently, so state would not fit: "
                + string.Join("; ", assignment.Changes.Where(static c => c.Change != DefinitionsChangeKind.Unchanged).Select(static c => $"{c.Entity}/{c.Name}: {c.Detail}"))
                + "; stop the node, ./fa apply --accept-reset, start it");
        }

        DefinitionsPlan plan = PlanCompiler.Compile(model, _snapshot);
        List<Action> exchanges = [.. Triggers(plan), .. Functions(next), .. Sources(plan)];
        PluginSink? sink = Sink is { } used && loaded.Any(p => p.Name == used.Sink.Part.Plugin) ? used.Open(next) : null;
        if (await _runtime.ExchangePluginsAsync(Aggregates(plan), cancellationToken).ConfigureAwait(false) is { } refusal)
        {
            if (sink is not null)
            {
                await sink.DisposeAsync().ConfigureAwait(false);
            }

            throw new PluginException(refusal);
        }

        if (sink is not null)
        {
            Sink!.Value.Sink.Become(sink);
        }

        exchanges.ForEach(static e => e());
        PluginSet old = _plugins;
        _plugins = next.Keeping(old);
        foreach (LoadedPlugin plugin in loaded)
        {
            old.Plugins.FirstOrDefault(p => p.Name == plugin.Name)?.Unload();
            Log.PluginLoaded(_logger, plugin.Name, plugin.Version);
        }
    }

    private Dictionary<(string Entity, int Feature), PluginAggregate> Aggregates(DefinitionsPlan plan)
    {
        var next = new Dictionary<(string Entity, int Feature), PluginAggregate>();
        foreach ((EntityPlan entity, EntityPlan fresh) in _plan.Entities.Zip(plan.Entities))
        {
            fresh.NameParts();
            for (int f = 0; f < entity.Features.Count; f++)
            {
                if (entity.Features[f].Aggregate is PluginAggregate && fresh.Features[f].Aggregate is PluginAggregate aggregate)
                {
                    next.Add((entity.Entity, f), aggregate);
                }
            }
        }

        return next;
    }

    private IEnumerable<Action> Triggers(DefinitionsPlan plan)
    {
        IEnumerable<TriggerPlan> old = _plan.Entities.SelectMany(static e => e.Groups).SelectMany(static g => g.Triggers);
        IEnumerable<TriggerPlan> fresh = plan.Entities.SelectMany(static e => e.Groups).SelectMany(static g => g.Triggers);
        foreach ((TriggerPlan trigger, TriggerPlan other) in old.Zip(fresh))
        {
            if (trigger.Trigger is not PluginTrigger mine || other.Trigger is not PluginTrigger theirs)
            {
                continue;
            }

            if (trigger.Id != other.Id || !trigger.Fields.Span.SequenceEqual(other.Fields.Span))
            {
                throw new PluginException($"trigger {mine.Part.Name} reads its settings differently now: restart the node to load it");
            }

            if (mine.RefusalOf(theirs) is { } refusal)
            {
                throw new PluginException(refusal);
            }

            yield return () => mine.Become(theirs);
        }
    }

    // Numbers and shapes are unchanged, so sources, lookups and their columns stand where they stood.
    private IEnumerable<Action> Sources(DefinitionsPlan plan)
    {
        foreach ((IngestPlan source, IngestPlan fresh) in _plan.Sources.Zip(plan.Sources))
        {
            if (source.Format is { } format && fresh.Format is { } nextFormat)
            {
                yield return () => format.Become(nextFormat);
            }

            foreach ((LookupPlan lookup, LookupPlan next) in source.Lookups.Zip(fresh.Lookups))
            {
                yield return lookup.Lookup.RefusalOf(next.Lookup) is { } refusal
                    ? throw new PluginException(refusal)
                    : () => lookup.Lookup.Become(next.Lookup);
            }
        }
    }

    private IEnumerable<Action> Functions(PluginSet next)
    {
        foreach (PluginFunction function in _plugins.Plugins.SelectMany(static p => p.Functions))
        {
            if (next.Plugins.SelectMany(static p => p.Functions).FirstOrDefault(f => f.Name == function.Name) is { } fresh && fresh != function)
            {
                yield return function.PrepareBecome(fresh, out string refusal) ?? throw new PluginException(refusal);
            }
        }
    }
}

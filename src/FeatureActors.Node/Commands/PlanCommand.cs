using System.CommandLine;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Node.Hosting;
using FeatureActors.Node.Options;

namespace FeatureActors.Node.Commands;

/// <summary><c>fa plan</c>: what definitions mean and cost, and what applying them would change.</summary>
internal static class PlanCommand
{
    private static readonly Option<string> Definitions = CommonOptions.Definitions();
    private static readonly Option<string> Config = CommonOptions.Config(hasDefault: false);
    private static readonly Option<string?> Plugins = CommonOptions.Plugins();
    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create(CommandHost host)
    {
        Config.Description = "Configuration of a node: compares with the definitions applied there";
        var command = new Command("plan", "What the definitions mean and cost, and what applying them would change") { Definitions, Config, Plugins, Json };
        command.SetAction((result, cancellationToken) => RunAsync(result, host, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CommandHost host, CancellationToken cancellationToken)
    {
        NodeOptions? node = result.GetValue(Config) is { } config ? NodeOptionsBinder.Load(config) : null;
        DefinitionsModel model = DefinitionsFile.Load(
            result.GetRequiredValue(Definitions), CommonOptions.PluginFolder(result.GetValue(Plugins), node));
        DefinitionsSnapshot? applied = node is not null
            ? await ReadAppliedAsync(node, model.Namespace, host, cancellationToken).ConfigureAwait(false)
            : null;
        DefinitionsAssignment assignment = DefinitionsCatalog.Assign(model, applied, host.Time.GetUtcNow().ToUnixTimeMilliseconds());
        var report = PlanReport.Of(model, assignment);
        await host.Out.WriteLineAsync(result.GetValue(Json) ? report.ToJson() : report.ToText().TrimEnd('\n')).ConfigureAwait(false);
        return ExitCodes.Done;
    }

    private static async Task<DefinitionsSnapshot?> ReadAppliedAsync(
        NodeOptions options, string definitionsNamespace, CommandHost host, CancellationToken cancellationToken)
    {
        // Looking must not create anything.
        if (await NodeStores.TryOpenToReadAsync(options, definitionsNamespace, host.Time, cancellationToken).ConfigureAwait(false) is not { } stores)
        {
            return null;
        }

        await using (stores.ConfigureAwait(false))
        {
            return await stores.Definitions.ReadAsync(definitionsNamespace, cancellationToken).ConfigureAwait(false);
        }
    }
}

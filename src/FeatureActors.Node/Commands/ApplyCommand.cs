using System.CommandLine;
using FeatureActors.Core.Definitions;
using FeatureActors.Node.Hosting;
using FeatureActors.Node.Options;

namespace FeatureActors.Node.Commands;

/// <summary><c>fa apply</c>: brings definitions into force.</summary>
internal static class ApplyCommand
{
    private static readonly Option<string> Definitions = CommonOptions.Definitions();
    private static readonly Option<string> Config = CommonOptions.Config();

    private static readonly Option<bool> AcceptReset = new("--accept-reset")
    {
        Description = "Features whose state shape changed may start empty",
    };

    public static Command Create(CommandHost host)
    {
        var command = new Command("apply", "Bring definitions into force") { Definitions, Config, AcceptReset };
        command.SetAction((result, cancellationToken) => RunAsync(result, host, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CommandHost host, CancellationToken cancellationToken)
    {
        NodeOptions options = NodeOptionsBinder.Load(result.GetRequiredValue(Config));
        DefinitionsModel model = DefinitionsFile.Load(result.GetRequiredValue(Definitions), options.Plugins.Folder);
        NodeStores stores = await NodeStores.OpenToApplyAsync(options, model.Namespace, host.Time, cancellationToken).ConfigureAwait(false);
        await using (stores.ConfigureAwait(false))
        {
            DefinitionsAssignment applied = await AppliedDefinitions
                .ApplyAsync(stores.Definitions, model, result.GetValue(AcceptReset), host.Time, cancellationToken).ConfigureAwait(false);
            int changes = applied.Changes.Count(static c => c.Change != DefinitionsChangeKind.Unchanged);
            await host.Out.WriteLineAsync(applied.HasChanges
                ? $"applied: namespace {model.Namespace} is at version {applied.Snapshot.Version}, {changes} changes"
                : $"nothing to do: namespace {model.Namespace} is at version {applied.Snapshot.Version} already").ConfigureAwait(false);
        }

        return ExitCodes.Done;
    }
}

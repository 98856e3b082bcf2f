using System.CommandLine;
using FeatureActors.Node.Hosting.Control;
using FeatureActors.Node.Hosting.Plugins;
using FeatureActors.Node.Options;

namespace FeatureActors.Node.Commands;

/// <summary><c>fa plugins</c>: what is loaded, exchanging it while the node runs, and switching features off and on.</summary>
internal static class PluginsCommand
{
    private static readonly Option<string> Config = CommonOptions.Config();
    private static readonly Argument<string?> Plugin = new("name") { Description = "Plug-in; all unless stated", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Argument<string> Part = new("feature") { Description = "Feature, as <group>.<feature>, or function" };

    public static Command Create(CommandHost host)
    {
        var list = new Command("list", "Plug-ins, what they bring, and how those that definitions use behave") { Config };
        list.SetAction((result, cancellationToken) => ListAsync(result.GetRequiredValue(Config), host, cancellationToken));
        var reload = new Command("reload", "Load plug-ins anew into the running node; state stays") { Plugin, Config };
        reload.SetAction((result, cancellationToken) =>
            AskAsync(result.GetRequiredValue(Config), "plugins reload", result.GetValue(Plugin), host, cancellationToken));
        var on = new Command("switch-on", "Call a feature's plug-in again after it was switched off") { Part, Config };
        on.SetAction((result, cancellationToken) =>
            AskAsync(result.GetRequiredValue(Config), "plugins switch-on", result.GetRequiredValue(Part), host, cancellationToken));
        var off = new Command("switch-off", "Do not call a feature's plug-in any more; its fields become absent") { Part, Config };
        off.SetAction((result, cancellationToken) =>
            AskAsync(result.GetRequiredValue(Config), "plugins switch-off", result.GetRequiredValue(Part), host, cancellationToken));
        return new Command("plugins", "Plug-ins of a node") { list, reload, on, off };
    }

    private static async Task<int> ListAsync(string config, CommandHost host, CancellationToken cancellationToken)
    {
        NodeOptions options = NodeOptionsBinder.Load(config);
        ControlAnswer? answer = await ControlSocket
            .AskAsync(options.DataDirectory, new ControlRequest("plugins list", null), cancellationToken).ConfigureAwait(false);
        if (answer is not null)
        {
            return Show(answer, host);
        }

        host.Say($"no node runs on {options.DataDirectory}; this is what it would load");
        foreach (string line in PluginSet.Load(options.Plugins.Folder).Describe())
        {
            await host.Out.WriteLineAsync(line).ConfigureAwait(false);
        }

        return ExitCodes.Done;
    }

    private static async Task<int> AskAsync(string config, string command, string? name, CommandHost host, CancellationToken cancellationToken)
    {
        NodeOptions options = NodeOptionsBinder.Load(config);
        ControlAnswer? answer = await ControlSocket
            .AskAsync(options.DataDirectory, new ControlRequest(command, name), cancellationToken).ConfigureAwait(false);
        if (answer is null)
        {
            host.Say($"no node runs on {options.DataDirectory}: start it with ./fa run --config {config}, or state the configuration of the running one");
            return ExitCodes.Unavailable;
        }

        return Show(answer, host);
    }

    private static int Show(ControlAnswer answer, CommandHost host)
    {
        foreach (string line in answer.Lines)
        {
            if (answer.IsDone)
            {
                host.Out.WriteLine(line);
            }
            else
            {
                host.Say(line);
            }
        }

        return answer.IsDone ? ExitCodes.Done : ExitCodes.Failed;
    }
}

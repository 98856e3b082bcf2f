using System.CommandLine;
using FeatureActors.Node.Hosting;
using FeatureActors.Node.Logging;
using FeatureActors.Node.Options;

namespace FeatureActors.Node.Commands;

/// <summary><c>fa run</c>: a node.</summary>
internal static class RunCommand
{
    private static readonly Option<string> Config = CommonOptions.Config();

    public static Command Create(CommandHost host)
    {
        var command = new Command("run", "A node: events in, features out of Redis, until it is stopped") { Config };
        command.SetAction((result, cancellationToken) => RunAsync(result.GetRequiredValue(Config), host, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(string config, CommandHost host, CancellationToken cancellationToken)
    {
        NodeOptions options = NodeOptionsBinder.Load(config);
        using var loggers = new ConsoleLoggers(host.Error, ConsoleLoggers.LevelOf(options.LogLevel), host.Time, options.LogFormat == "json");
        NodeComposition node = await NodeComposition.BuildAsync(options, host.Time, loggers, cancellationToken).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            await node.RunAsync(cancellationToken).ConfigureAwait(false);
        }

        return ExitCodes.Done;
    }
}

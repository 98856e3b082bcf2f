using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Runtime.Hosting;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Node.Commands;

/// <summary>The command line: every command, and what its failures look like.</summary>
internal static class CommandLine
{
    /// <summary>Runs one command line and answers its exit code.</summary>
    public static async Task<int> RunAsync(string[] args, CommandHost host)
    {
        ParseResult result = Create(host).Parse(args);
        if (result.Errors.Count > 0)
        {
            foreach (ParseError error in result.Errors)
            {
                host.Say(error.Message);
            }

            host.Say($"try {NameOf(result.CommandResult)} --help");
            return ExitCodes.Usage;
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, host));
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, host));
        var configuration = new InvocationConfiguration
        {
            Output = host.Out,
            Error = host.Error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        return await GuardAsync(() => result.InvokeAsync(configuration, host.Stopping), host).ConfigureAwait(false);
    }

    /// <summary>All commands of the contract.</summary>
    public static Command Create(CommandHost host)
    {
        // No RootCommand: its name in help is that of the assembly, and nobody types that.
        var root = new Command("./fa", "FeatureActors: behaviour events become features while they happen.")
        {
            new HelpOption(),
            new VersionOption(),
            DemoCommand.Create(host),
            RunCommand.Create(host),
            BatchCommand.Create(host),
            ReplayCommand.Create(host),
            PlanCommand.Create(host),
            ApplyCommand.Create(host),
            GetCommand.Create(host),
            DeadLettersCommand.Create(host),
            PluginsCommand.Create(host),
            ShardsCommand.Create(host),
        };
        foreach (Command promised in PromisedCommands.CreateAll(host))
        {
            root.Add(promised);
        }

        root.SetAction(_ =>
        {
            host.Say("say which command: ./fa --help lists them");
            return ExitCodes.Usage;
        });
        return root;
    }

    private static string NameOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{NameOf(parent)} {command.Command.Name}" : command.Command.Name;

    private static void Stop(PosixSignalContext context, CommandHost host)
    {
        // The command ends by itself: it drains, checkpoints and answers its exit code.
        context.Cancel = true;
        host.Stop();
    }

    private static async Task<int> GuardAsync(Func<Task<int>> run, CommandHost host)
    {
        try
        {
            return await run().ConfigureAwait(false);
        }
        catch (ConfigException error)
        {
            // Whole lines file:line:column, so that editors and terminals find the place.
            foreach (var each in error.Errors)
            {
                await host.Error.WriteLineAsync(each.ToString()).ConfigureAwait(false);
            }

            return ExitCodes.Usage;
        }
        catch (Exception error) when (error is UsageException or EventFileException)
        {
            host.Say(error.Message);
            return ExitCodes.Usage;
        }
        catch (Exception error) when (error is DependencyUnavailableException or LogSetupException)
        {
            host.Say(error.Message);
            return ExitCodes.Unavailable;
        }
        catch (RestartNeededException error)
        {
            host.Say(error.Message);
            return ExitCodes.StartAgain;
        }
        catch (OperationCanceledException) when (host.Stopping.IsCancellationRequested)
        {
            host.Say("stopped");
            return ExitCodes.Failed;
        }
        catch (Exception error) when (error is FeatureActorsException or IOException or UnauthorizedAccessException or InvalidDataException)
        {
            host.Say(error.Message);
            return ExitCodes.Failed;
        }
    }
}

using System.CommandLine;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Batch;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Node.Commands;

/// <summary><c>fa batch</c>: the same engine over a file.</summary>
internal static class BatchCommand
{
    private const string StandardOutput = "-";

    private static readonly Option<string> Definitions = CommonOptions.Definitions();
    private static readonly Option<string> Source = CommonOptions.Source();

    private static readonly Option<string> Input = new("--input")
    {
        Description = "File with the source's events: .csv, .json, .jsonl or .ndjson, plain or .gz; it need not be sorted",
        HelpName = "file",
        Required = true,
    };

    private static readonly Option<string[]> At = new("--at")
    {
        Description = "Time to evaluate at: epoch ms or ISO 8601; may be repeated, or joined by commas",
        HelpName = "time",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string> Output = new("--output")
    {
        Description = "File for the values as JSON lines; - is standard output",
        HelpName = "file",
        Required = true,
    };

    private static readonly Option<string?> Plugins = CommonOptions.Plugins();

    private static readonly Option<bool> Strict = new("--strict")
    {
        Description = "Exit 1 when an event cannot be used",
    };

    public static Command Create(CommandHost host)
    {
        var command = new Command("batch", "The same engine over a file, with event time as its clock")
        {
            Definitions, Input, Source, At, Output, Plugins, Strict,
        };
        command.SetAction((result, cancellationToken) => Task.FromResult(Run(result, host, cancellationToken)));
        return command;
    }

    private static int Run(ParseResult result, CommandHost host, CancellationToken cancellationToken)
    {
        DefinitionsModel model = DefinitionsFile.Load(
            result.GetRequiredValue(Definitions), CommonOptions.PluginFolder(result.GetValue(Plugins), null));
        SourceDefinition source = DefinitionsFile.Source(model, result.GetRequiredValue(Source));
        IReadOnlyList<long> times = TimeText.ParseAll(result.GetRequiredValue(At), "--at");
        if (times.Count == 0)
        {
            throw new UsageException("--at: say at which time");
        }

        if (!model.Groups.Any(g => g.Feeds.Any(f => f.Source == source.Name)))
        {
            throw new UsageException($"no group of the definitions reads source '{source.Name}'");
        }

        EventFile file = EventFile.Open(result.GetRequiredValue(Input), source);
        var run = new BatchRun(model, source.Name, file);
        string target = result.GetRequiredValue(Output);
        BatchReport report;
        using (Stream output = target == StandardOutput ? host.OpenOutput() : CreateFile(target))
        {
            report = run.Run(times, output, cancellationToken);
        }

        Report(report, file, host);
        return report.Refused.Count > 0 && result.GetValue(Strict) ? ExitCodes.Failed : ExitCodes.Done;
    }

    private static FileStream CreateFile(string path)
    {
        try
        {
            return File.Create(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"--output: could not write {path}: {error.Message}");
        }
    }

    private static void Report(BatchReport report, EventFile file, CommandHost host)
    {
        host.Say($"{report.Events} events read, {report.Applied} applied, {report.Values} values written");
        foreach (RefusedEvents refused in report.Refused)
        {
            host.Say($"{refused.Count} not used: {refused.Reason}");
            foreach (RefusedEvent each in refused.First)
            {
                host.Error.WriteLine($"{file.Path}:{each.Line}: {each.Error}");
            }

            if (refused.Count > refused.First.Count)
            {
                host.Error.WriteLine($"… and {refused.Count - refused.First.Count} more: {refused.Reason}");
            }
        }
    }
}

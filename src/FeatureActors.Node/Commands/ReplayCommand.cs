using System.CommandLine;
using FeatureActors.Core.Definitions;
using FeatureActors.Kafka;
using FeatureActors.Node.Hosting;
using FeatureActors.Node.Logging;
using FeatureActors.Node.Options;
using FeatureActors.Runtime.Ingest;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Node.Commands;

/// <summary><c>fa replay</c>: a file into the source's topic, at a steady rate.</summary>
internal static class ReplayCommand
{
    // Events are written in bursts of this length, so that no timer fires per event.
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(5);

    private static readonly Argument<string> Input = new("file") { Description = "File with the source's events: .csv, .json, .jsonl or .ndjson, plain or .gz" };
    private static readonly Option<string> Source = CommonOptions.Source();
    private static readonly Option<string> Config = CommonOptions.Config();

    private static readonly Option<double?> Rate = new("--rate")
    {
        Description = "Events a second; as fast as the brokers take them unless stated",
        HelpName = "number",
    };

    private static readonly Option<string?> End = new("--end")
    {
        Description = "Ends the source behind the last event: event time is at least this (epoch ms or ISO 8601)",
        HelpName = "time",
    };

    public static Command Create(CommandHost host)
    {
        var command = new Command("replay", "A file into the source's topic") { Input, Source, Rate, End, Config };
        command.SetAction((result, cancellationToken) => RunAsync(result, host, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CommandHost host, CancellationToken cancellationToken)
    {
        string config = result.GetRequiredValue(Config);
        NodeOptions options = NodeOptionsBinder.Load(config);
        DefinitionsModel model = DefinitionsFile.Load(
            options.Definitions ?? throw new UsageException($"{config} does not say where the definitions are: write fa.definitions"),
            options.Plugins.Folder);
        SourceDefinition source = DefinitionsFile.Source(model, result.GetRequiredValue(Source));
        double? rate = result.GetValue(Rate);
        if (rate is <= 0)
        {
            throw new UsageException("--rate: must be above 0");
        }

        long? end = result.GetValue(End) is { } text ? TimeText.Parse(text, "--end") : null;
        (long sent, long refused) = await ReplayAsync(options, source, result.GetRequiredValue(Input), rate, end, host, cancellationToken).ConfigureAwait(false);
        host.Say($"{sent} events are in topic {source.Topic}{(end is null ? "" : ", which ends here")}{(refused == 0 ? "" : $"; {refused} lines could not be read")}");
        return refused == 0 ? ExitCodes.Done : ExitCodes.Failed;
    }

    /// <summary>Writes a file's events into the source's topic, then the end if one is given.</summary>
    /// <returns>Events written, and lines that could not be read.</returns>
    public static async Task<(long Sent, long Refused)> ReplayAsync(
        NodeOptions options, SourceDefinition source, string path, double? rate, long? endMs, CommandHost host, CancellationToken cancellationToken)
    {
        EventFile file = EventFile.Open(path, source);
        using var loggers = new ConsoleLoggers(host.Error, LogLevel.Warning, host.Time);
        var connection = new KafkaConnection(NodeComposition.KafkaOptionsOf(options.Kafka), host.Time, loggers.CreateLogger<KafkaConnection>());
        await using (connection.ConfigureAwait(false))
        {
            var writer = new KafkaTopicWriter(connection, source.Topic);
            await using (writer.ConfigureAwait(false))
            {
                await writer.OpenAsync(cancellationToken).ConfigureAwait(false);
                (long sent, long refused) = await WriteAsync(file, source, writer, rate, host, cancellationToken).ConfigureAwait(false);
                await writer.FlushAsync(cancellationToken).ConfigureAwait(false);
                if (endMs is { } end)
                {
                    await writer.WriteEndAsync(end, cancellationToken).ConfigureAwait(false);
                }

                return (sent, refused);
            }
        }
    }

    private static async Task<(long Sent, long Refused)> WriteAsync(
        EventFile file, SourceDefinition source, KafkaTopicWriter writer, double? rate, CommandHost host, CancellationToken cancellationToken)
    {
        EventReencoder? encoder = file.HoldsMessages ? null : new EventReencoder(source, file);
        using EventFileReader reader = file.OpenReader();
        long start = host.Time.GetTimestamp();
        TimeSpan reportAt = ReportInterval;
        long sent = 0;
        long refused = 0;
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            ReadOnlyMemory<byte> message = reader.Record;
            if (encoder is not null && !encoder.TryEncode(reader.Record, out message, out string error))
            {
                refused++;
                await host.Error.WriteLineAsync($"{file.Path}:{reader.Line}: {error}").ConfigureAwait(false);
                continue;
            }

            await writer.WriteAsync(default, message, cancellationToken).ConfigureAwait(false);
            sent++;
            if (rate is { } perSecond)
            {
                TimeSpan ahead = TimeSpan.FromSeconds(sent / perSecond) - host.Time.GetElapsedTime(start);
                if (ahead > Burst)
                {
                    await Task.Delay(ahead, host.Time, cancellationToken).ConfigureAwait(false);
                }
            }

            if ((sent & 1023) == 0 && host.Time.GetElapsedTime(start) >= reportAt)
            {
                reportAt += ReportInterval;
                host.Say($"{sent} events sent, {writer.Acknowledged} acknowledged");
            }
        }

        return (sent, refused);
    }
}

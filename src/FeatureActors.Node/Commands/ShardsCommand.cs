using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FeatureActors.Node.Http;
using FeatureActors.Node.Options;
using Spectre.Console;

namespace FeatureActors.Node.Commands;

/// <summary><c>fa shards</c>: who owns which shard, how far behind it is, and its largest keys, from any node of the cluster.</summary>
internal static class ShardsCommand
{
    private const int KeysShown = 3;

    private static readonly Option<string> Config = CommonOptions.Config();
    private static readonly Option<string?> Node = CommonOptions.NodeAddress();
    private static readonly Option<bool> Json = CommonOptions.Json();

    public static Command Create(CommandHost host)
    {
        var command = new Command("shards", "Owner, epoch, lag, entities, bytes and largest keys of every shard") { Config, Node, Json };
        command.SetAction((result, cancellationToken) => RunAsync(result, host, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CommandHost host, CancellationToken cancellationToken)
    {
        NodeOptions options = NodeOptionsBinder.Load(result.GetRequiredValue(Config));
        byte[] body = await NodeQuestion.AskAsync(options.Http, result.GetValue(Node), "/v1/shards", cancellationToken).ConfigureAwait(false);
        IReadOnlyList<ShardLine> lines = JsonSerializer.Deserialize(body, ShardLineJson.Default.IReadOnlyListShardLine) ?? [];
        if (result.GetValue(Json))
        {
            foreach (ShardLine line in lines)
            {
                await host.Out.WriteLineAsync(JsonSerializer.Serialize(line, ShardLineJson.Default.ShardLine)).ConfigureAwait(false);
            }
        }
        else
        {
            Show(lines, host.Out);
        }

        return ExitCodes.Done;
    }

    private static void Show(IReadOnlyList<ShardLine> lines, TextWriter target)
    {
        var table = new Table { Border = TableBorder.Simple };
        foreach (string name in new[] { "shard", "owner", "epoch", "state" })
        {
            table.AddColumn(new TableColumn(name) { NoWrap = true });
        }

        foreach (string name in new[] { "lag rows", "lag s", "in memory", "stored", "MiB" })
        {
            table.AddColumn(new TableColumn(name) { NoWrap = true }.RightAligned());
        }

        table.AddColumn("largest keys, share of rows");
        foreach (ShardLine line in lines)
        {
            table.AddRow(
                new Text($"{line.Entity}-{line.Partition}"),
                new Text(line.Owner),
                new Text(Number(line.Epoch)),
                new Text(line.State),
                new Text(Number(line.LagRows)),
                new Text(line.LagSeconds.ToString("F1", CultureInfo.InvariantCulture)),
                new Text(Number(line.Entities)),
                new Text(Number(line.Stored)),
                new Text((line.Bytes / 1048576.0).ToString("F1", CultureInfo.InvariantCulture)),
                new Text(string.Join(", ", line.TopKeys.Take(KeysShown).Select(static k => $"{k.Key} {k.Share.ToString("P0", CultureInfo.InvariantCulture)}"))));
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(target) });

        // Lines are cut by whoever shows them, not here: what is not a terminal has no width.
        console.Profile.Width = 1000;
        console.Write(table);
        foreach (ShardLine line in lines.Where(static l => l.Halt is not null))
        {
            target.WriteLine($"{line.Entity}-{line.Partition}: {line.Halt}");
        }
    }

    private static string Number(double value) => value.ToString("N0", CultureInfo.InvariantCulture);
}

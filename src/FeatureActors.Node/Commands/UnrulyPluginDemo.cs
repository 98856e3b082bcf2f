using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Client;
using FeatureActors.Core.Sharding;
using FeatureActors.LocalServers;
using FeatureActors.Node.Hosting;
using FeatureActors.Node.Hosting.Control;
using FeatureActors.Node.Logging;
using FeatureActors.Node.Options;
using FeatureActors.Runtime.Hosting;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace FeatureActors.Node.Commands;

/// <summary>
/// The second half of <c>fa demo --with-plugins</c>: a plug-in that throws, bloats and hangs on purpose in a running node, and what that
/// costs, in figures.
/// </summary>
internal sealed class UnrulyPluginDemo
{
    /// <summary>Name of the plug-in.</summary>
    public const string Plugin = "unruly";

    private const string Part = "day.unruly";
    private const int Shards = 4;
    private const int Throws = 200;
    private static readonly TimeSpan CallBudget = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan CheckpointInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(5);

    // One shop for each shard.
    private static readonly string[] Shops =
    [
        .. Enumerable.Range(0, Shards).Select(static shard => Enumerable.Range(1, 1000)
            .Select(static i => string.Create(CultureInfo.InvariantCulture, $"shop-{i}"))
            .First(shop => StableHash.PartitionOf(StableHash.Of(Encoding.UTF8.GetBytes(shop)), Shards) == shard)),
    ];

    private readonly DemoEventSource _orders;
    private readonly Dictionary<string, int> _sent = [];
    private readonly NodeOptions _options;
    private readonly NodeComposition _node;
    private readonly FeatureClient _client;
    private readonly CommandHost _host;
    private readonly Table _table = new Table().Border(TableBorder.Simple).AddColumns("an order makes it", "then");

    private UnrulyPluginDemo(NodeOptions options, DemoEventSource orders, NodeComposition node, FeatureClient client, CommandHost host)
    {
        _options = options;
        _orders = orders;
        _node = node;
        _client = client;
        _host = host;
    }

    /// <summary>Runs it.</summary>
    /// <param name="samples">Folder of the sample plug-ins.</param>
    /// <param name="folder">A folder for the node's data; holds the plug-ins in <c>plugins</c>.</param>
    /// <param name="redis">The server for the features.</param>
    /// <param name="host">The console.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task RunAsync(string samples, string folder, RedisServer redis, CommandHost host, CancellationToken cancellationToken)
    {
        var options = new NodeOptions
        {
            Definitions = Path.Combine(samples, "unruly.conf"),
            Name = "demo",
            DataDirectory = Path.Combine(folder, "data"),
            Redis = new RedisSection { Host = LocalServer.Host, Port = redis.Port },
            Plugins = new PluginsSection { Folder = Path.Combine(folder, "plugins"), CallBudget = CallBudget },
            Checkpoints = new CheckpointsSection { Interval = CheckpointInterval },
        };
        using var loggers = new ConsoleLoggers(host.Error, LogLevel.Error, host.Time);
        var orders = new DemoEventSource("orders");
        NodeComposition node = await NodeComposition
            .BuildAsync(options, host.Time, loggers, cancellationToken, new Dictionary<string, IEventSource> { ["orders"] = orders }).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task run = node.RunAsync(stop.Token);
            FeatureClient client = await FeatureClient.ConnectAsync(
                new FeatureClientOptions { Namespace = "unruly", ConnectionString = string.Create(CultureInfo.InvariantCulture, $"{LocalServer.Host}:{redis.Port}") },
                cancellationToken).ConfigureAwait(false);
            await using (client.ConfigureAwait(false))
            {
                var demo = new UnrulyPluginDemo(options, orders, node, client, host);
                await demo.ShowAsync(cancellationToken).ConfigureAwait(false);
            }

            await stop.CancelAsync().ConfigureAwait(false);
            await run.ConfigureAwait(false);
        }
    }

    private PluginStatus Status => _node.Runtime.Status.Plugins.First(static p => p.Name == Part);

    private async Task ShowAsync(CancellationToken cancellationToken)
    {
        _host.Say($"another plug-in, custom:{Plugin}, counts orders in {Shards} shards and is made to throw, bloat and hang; a call may take {CallBudget.TotalMilliseconds:F0} ms");
        foreach (string shop in Shops)
        {
            Order(shop, "nothing");
            await UntilValuesAsync(shop, "1", "1", cancellationToken).ConfigureAwait(false);
        }

        await ThrowOnceAsync(cancellationToken).ConfigureAwait(false);
        await BloatAsync(cancellationToken).ConfigureAwait(false);
        await ThrowOftenAsync(cancellationToken).ConfigureAwait(false);
        await HangAsync(cancellationToken).ConfigureAwait(false);
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(_host.Out) });
        console.Profile.Width = Math.Max(console.Profile.Width, 160);
        console.Write(_table);
    }

    private async Task ThrowOnceAsync(CancellationToken cancellationToken)
    {
        string shop = Shops[0];
        Order(shop, "throw");
        await UntilValuesAsync(shop, "1", "2", cancellationToken).ConfigureAwait(false);
        DeadLetter letter = await LetterAsync("feature-error", cancellationToken).ConfigureAwait(false);
        Tell("throw", $"its update is undone, its value stays 1 and the built-in count says 2; dead letter {letter.Id} has the stack ({letter.Error.Split('\n').Length} lines)");
    }

    private async Task BloatAsync(CancellationToken cancellationToken)
    {
        string shop = Shops[1];
        Order(shop, "bloat");
        await UntilValuesAsync(shop, "1", "2", cancellationToken).ConfigureAwait(false);
        Tell("bloat", $"undone and dead-lettered: {Status.LastError}");
    }

    private async Task ThrowOftenAsync(CancellationToken cancellationToken)
    {
        string shop = Shops[2];
        long faults = Status.Faults;
        long start = _host.Time.GetTimestamp();
        for (int i = 0; i < Throws; i++)
        {
            Order(shop, "throw");
        }

        await UntilAsync(() => Task.FromResult(Status.IsOff), "the feature is switched off", cancellationToken).ConfigureAwait(false);
        TimeSpan off = _host.Time.GetElapsedTime(start);
        await UntilValuesAsync(shop, null, Count(shop), cancellationToken).ConfigureAwait(false);
        long failed = Status.Faults - faults;
        start = _host.Time.GetTimestamp();
        await SwitchOnAsync(cancellationToken).ConfigureAwait(false);
        await UntilValuesAsync(shop, "1", Count(shop), cancellationToken).ConfigureAwait(false);
        Tell(
            $"throw {Throws} times",
            $"the feature is switched off after {failed} failed calls, {off.TotalMilliseconds:F0} ms; its field is absent, the others go on; ./fa plugins switch-on {Part}: its value is back, with its state, after {_host.Time.GetElapsedTime(start).TotalMilliseconds:F0} ms");
    }

    private async Task HangAsync(CancellationToken cancellationToken)
    {
        // What a shard applied since its last checkpoint is applied again without the feature that is off by then.
        string stuck = Shops[3];
        await UntilAsync(
            () => Task.FromResult(_node.Runtime.Status.Shards.First(static s => s.Shard.Partition == Shards - 1).Counters.CheckpointEntities > 0), "a checkpoint", cancellationToken)
            .ConfigureAwait(false);
        long before = EpochOf(Shards - 1);
        long start = _host.Time.GetTimestamp();
        Order(stuck, "hang");
        foreach (string shop in Shops[..^1])
        {
            Order(shop, "nothing");
        }

        foreach (string shop in Shops[..^1])
        {
            await UntilAsync(async () => (await ReadAsync(shop, cancellationToken).ConfigureAwait(false)).Orders == Count(shop), $"orders of {shop}", cancellationToken)
                .ConfigureAwait(false);
        }

        TimeSpan others = _host.Time.GetElapsedTime(start);
        await UntilAsync(() => Task.FromResult(Status.IsOff), "the feature is switched off", cancellationToken).ConfigureAwait(false);
        TimeSpan off = _host.Time.GetElapsedTime(start);
        await UntilValuesAsync(stuck, null, Count(stuck), cancellationToken).ConfigureAwait(false);
        TimeSpan back = _host.Time.GetElapsedTime(start);
        DeadLetter letter = await LetterAsync("stuck-call", cancellationToken).ConfigureAwait(false);
        await SwitchOnAsync(cancellationToken).ConfigureAwait(false);
        await UntilValuesAsync(stuck, "1", Count(stuck), cancellationToken).ConfigureAwait(false);
        Tell(
            "hang",
            $"the other {Shards - 1} shards publish again after {others.TotalMilliseconds:F0} ms; the feature is off after {off.TotalMilliseconds:F0} ms; its shard publishes again after {back.TotalMilliseconds:F0} ms, "
            + $"without it, in epoch {EpochOf(Shards - 1)} instead of {before}; dead letter {letter.Id} ({letter.Reason}); {_node.Runtime.Status.StuckThreads} thread is lost; switched on, its value is back");
    }

    private long EpochOf(int shard) => _node.Runtime.Status.Shards.First(s => s.Shard.Partition == shard).Epoch.Value;

    private void Tell(string what, string then) => _table.AddRow(Markup.Escape(what), Markup.Escape(then));

    private void Order(string shop, string says)
    {
        long now = _host.Time.GetUtcNow().ToUnixTimeMilliseconds();
        _sent[shop] = _sent.GetValueOrDefault(shop) + 1;
        _orders.Add(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"ts":{{now}},"shop":"{{shop}}","says":"{{says}}"}""")));
    }

    private string Count(string shop) => _sent[shop].ToString(CultureInfo.InvariantCulture);

    private async Task SwitchOnAsync(CancellationToken cancellationToken)
    {
        ControlAnswer? answer = await ControlSocket
            .AskAsync(_options.DataDirectory, new ControlRequest("plugins switch-on", Part), cancellationToken).ConfigureAwait(false);
        if (answer is not { IsDone: true })
        {
            throw new InvalidDataException(answer is null ? "the demo's node does not answer" : string.Join('\n', answer.Lines));
        }
    }

    private async Task<DeadLetter> LetterAsync(string reason, CancellationToken cancellationToken)
    {
        IReadOnlyList<DeadLetter> letters = [];
        await UntilAsync(
            async () => (letters = await _node.Stores.DeadLetters.ListAsync(reason, null, 1, cancellationToken).ConfigureAwait(false)).Count > 0,
            $"a dead letter {reason}",
            cancellationToken).ConfigureAwait(false);
        return letters[0];
    }

    private async Task<(string? Unruly, string? Orders)> ReadAsync(string shop, CancellationToken cancellationToken)
    {
        FeatureRow row = await _client.ReadAsync(_client.Prepare("day", ["unruly:1h", "orders:1h"]), shop, cancellationToken).ConfigureAwait(false);
        return (row.Text("unruly:1h"), row.Text("orders:1h"));
    }

    private Task UntilValuesAsync(string shop, string? unruly, string orders, CancellationToken cancellationToken) => UntilAsync(
        async () => await ReadAsync(shop, cancellationToken).ConfigureAwait(false) == (unruly, orders),
        $"{shop}: unruly {unruly ?? "absent"}, orders {orders}",
        cancellationToken);

    private async Task UntilAsync(Func<Task<bool>> condition, string what, CancellationToken cancellationToken)
    {
        long start = _host.Time.GetTimestamp();
        while (!await condition().ConfigureAwait(false))
        {
            if (_host.Time.GetElapsedTime(start) > Patience)
            {
                throw new InvalidDataException($"{what}: not within {Patience}");
            }

            await Task.Delay(LookInterval, _host.Time, cancellationToken).ConfigureAwait(false);
        }
    }
}

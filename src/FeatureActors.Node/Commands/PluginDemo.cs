using System.Globalization;
using FeatureActors.Client;
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
/// <c>fa demo --with-plugins</c>: the three sample plug-ins in a running node, and one of them exchanged for its next version without
/// losing its state; then <see cref="UnrulyPluginDemo"/>. <c>./fa</c> builds them before.
/// </summary>
internal static class PluginDemo
{
    private const string Exchanged = "decayed-top-k";
    private static readonly string[] Names = ["geohash", Exchanged, "trend"];
    private static readonly string[] Shops = ["soho", "camden", "brixton"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs it.</summary>
    /// <param name="root">Root of the repository.</param>
    /// <param name="folder">An empty folder for the node's data and plug-ins.</param>
    /// <param name="redis">The server for the features.</param>
    /// <param name="host">The console.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<int> RunAsync(string root, string folder, RedisServer redis, CommandHost host, CancellationToken cancellationToken)
    {
        string plugins = Path.Combine(folder, "plugins");
        foreach (string name in Names)
        {
            Copy(root, "plugins", name, plugins);
        }

        string samples = Path.Combine(root, "samples", "plugins");
        var options = new NodeOptions
        {
            Definitions = Path.Combine(samples, "definitions.conf"),
            Name = "demo",
            DataDirectory = Path.Combine(folder, "data"),
            Redis = new RedisSection { Host = LocalServer.Host, Port = redis.Port },
            Plugins = new PluginsSection { Folder = plugins },
            Sources = new Dictionary<string, SourceSection> { ["visits"] = new(Path.Combine(samples, "visits.csv"), null) },
        };
        using var loggers = new ConsoleLoggers(host.Error, LogLevel.Warning, host.Time);
        NodeComposition node = await NodeComposition.BuildAsync(options, host.Time, loggers, cancellationToken).ConfigureAwait(false);
        await using (node.ConfigureAwait(false))
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            Task run = node.RunAsync(stop.Token);
            FeatureClient client = await FeatureClient.ConnectAsync(
                new FeatureClientOptions { Namespace = "visits", ConnectionString = string.Create(CultureInfo.InvariantCulture, $"{LocalServer.Host}:{redis.Port}") },
                cancellationToken).ConfigureAwait(false);
            await using (client.ConfigureAwait(false))
            {
                await ShowAsync(root, node, options, client, plugins, host, cancellationToken).ConfigureAwait(false);
            }

            await stop.CancelAsync().ConfigureAwait(false);
            await run.ConfigureAwait(false);
        }

        string unruly = Path.Combine(folder, UnrulyPluginDemo.Plugin);
        Copy(root, "plugins", UnrulyPluginDemo.Plugin, Path.Combine(unruly, "plugins"));
        await UnrulyPluginDemo.RunAsync(samples, unruly, redis, host, cancellationToken).ConfigureAwait(false);
        await host.Out.WriteLineAsync("\nNext: docs/plugins.md      a plug-in of your own, from its template to a running node").ConfigureAwait(false);
        return ExitCodes.Done;
    }

    private static async Task ShowAsync(
        string root, NodeComposition node, NodeOptions options, FeatureClient client, string plugins, CommandHost host, CancellationToken cancellationToken)
    {
        foreach (string line in (await AskAsync(options, "plugins list", null, cancellationToken).ConfigureAwait(false)).Lines)
        {
            host.Say(line);
        }

        await UntilAsync(() => Task.FromResult(IsQuiet(node.Runtime.Status)), "all visits are published", host, cancellationToken).ConfigureAwait(false);
        string before = await PrintAsync(client, host, cancellationToken).ConfigureAwait(false);
        NodeStatus status = node.Runtime.Status;
        await host.Out.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{status.Sources.Sum(static s => s.Counters.Events)} visits, {status.Shards.Sum(static s => s.Counters.Evaluations)} evaluations, {status.Shards.Sum(static s => s.Counters.Writes)} writes."))
            .ConfigureAwait(false);

        host.Say($"putting another version of {Exchanged} into {plugins}: scores with three digits; then ./fa plugins reload {Exchanged}");
        Copy(root, "plugins-next", Exchanged, plugins);
        long start = host.Time.GetTimestamp();
        ControlAnswer answer = await AskAsync(options, "plugins reload", Exchanged, cancellationToken).ConfigureAwait(false);
        if (!answer.IsDone)
        {
            throw new InvalidDataException(string.Join('\n', answer.Lines));
        }

        TimeSpan exchanged = host.Time.GetElapsedTime(start);
        await UntilAsync(async () => await ReadAsync(client, "soho", cancellationToken).ConfigureAwait(false) != before, "the new version's values", host, cancellationToken)
            .ConfigureAwait(false);
        TimeSpan published = host.Time.GetElapsedTime(start);
        await PrintAsync(client, host, cancellationToken).ConfigureAwait(false);
        await host.Out.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"The same state, read by the new version: exchanged in every shard after {exchanged.TotalMilliseconds:F0} ms, published after {published.TotalMilliseconds:F0} ms, no event read again."))
            .ConfigureAwait(false);
    }

    // Every row that was routed is applied, and every shard has published what it has.
    private static bool IsQuiet(NodeStatus status)
    {
        if (status.Halts.FirstOrDefault() is { } halt)
        {
            throw new InvalidDataException(halt);
        }

        long rows = status.Sources.Sum(static s => s.Counters.Rows);
        return rows > 0 && rows == status.Shards.Sum(static s => s.Counters.Rows) && status.Shards.Sum(static s => s.Counters.Writes) >= Shops.Length * 2;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition, string what, CommandHost host, CancellationToken cancellationToken)
    {
        long start = host.Time.GetTimestamp();
        while (!await condition().ConfigureAwait(false))
        {
            if (host.Time.GetElapsedTime(start) > Patience)
            {
                throw new InvalidDataException($"{what}: not within {Patience}");
            }

            await Task.Delay(LookInterval, host.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<string> PrintAsync(FeatureClient client, CommandHost host, CancellationToken cancellationToken)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("shop", "feature", "by plug-in", "value in Redis");
        foreach (string shop in Shops)
        {
            FeatureRow regulars = await client.ReadAsync(client.Prepare("regulars", ["top", "cells:1h", "near:1h"]), shop, cancellationToken).ConfigureAwait(false);
            FeatureRow crowd = await client.ReadAsync(client.Prepare("crowd", ["visits:15m"]), shop, cancellationToken).ConfigureAwait(false);
            (string Feature, string By, string? Value)[] lines =
            [
                ("top", "type decayed-top-k", regulars.Text("top")),
                ("cells:1h", "function geohash", regulars.Text("cells:1h")),
                ("near:1h", "function geohash", regulars.Text("near:1h")),
                ("visits:15m", "trigger trend", crowd.Text("visits:15m")),
            ];
            foreach ((string feature, string by, string? value) in lines)
            {
                table.AddRow(Markup.Escape(shop), Markup.Escape(feature), Markup.Escape(by), Markup.Escape(value ?? "(absent)"));
            }
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(host.Out) });
        console.Profile.Width = Math.Max(console.Profile.Width, 120);
        console.Write(table);
        return await ReadAsync(client, "soho", cancellationToken).ConfigureAwait(false);
    }

    private static async Task<string> ReadAsync(FeatureClient client, string shop, CancellationToken cancellationToken) =>
        (await client.ReadAsync(client.Prepare("regulars", ["top"]), shop, cancellationToken).ConfigureAwait(false)).Text("top") ?? "";

    private static async Task<ControlAnswer> AskAsync(NodeOptions options, string command, string? name, CancellationToken cancellationToken) =>
        await ControlSocket.AskAsync(options.DataDirectory, new ControlRequest(command, name), cancellationToken).ConfigureAwait(false)
        ?? throw new InvalidDataException("the demo's node does not answer");

    private static void Copy(string root, string kind, string name, string target)
    {
        string built = Path.Combine(root, "artifacts", kind, name);
        if (!Directory.Exists(built))
        {
            throw new UsageException($"{built} is missing: run the demo as ./fa demo --with-plugins, which builds the sample plug-ins");
        }

        Directory.CreateDirectory(Path.Combine(target, name));
        foreach (string file in Directory.EnumerateFiles(built, name + ".*"))
        {
            File.Copy(file, Path.Combine(target, name, Path.GetFileName(file)), overwrite: true);
        }
    }
}

using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FeatureActors.Client;
using FeatureActors.Core.Definitions;
using FeatureActors.Node.Options;
using Spectre.Console;

namespace FeatureActors.Node.Commands;

/// <summary><c>fa get</c>: reads features back from Redis, through the client that servers use.</summary>
internal static class GetCommand
{
    private static readonly JsonSerializerOptions OneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Option<string> Config = CommonOptions.Config(hasDefault: false);
    private static readonly Option<bool> Json = CommonOptions.Json();

    private static readonly Option<string> Group = new("--group")
    {
        Description = "Group, as the definitions call it",
        HelpName = "name",
        Required = true,
    };

    private static readonly Option<string[]> Key = new("--key")
    {
        Description = "Key; may be repeated. The parts of a composite key are joined by |",
        HelpName = "key",
        Required = true,
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string> Namespace = new("--namespace")
    {
        Description = "Namespace of the definitions, without --config",
        HelpName = "name",
    };

    private static readonly Option<string> Redis = new("--redis")
    {
        Description = "Redis server, without --config; localhost:6379 unless stated",
        HelpName = "host:port",
    };

    private static readonly Option<bool> Live = new("--live")
    {
        Description = "Ask the node that owns the key instead: with everything it has applied, published or not. Needs --config",
    };

    private static readonly Option<string?> Node = CommonOptions.NodeAddress();

    public static Command Create(CommandHost host)
    {
        var command = new Command("get", "Read features back from Redis") { Group, Key, Config, Namespace, Redis, Live, Node, Json };
        command.SetAction((result, cancellationToken) => RunAsync(result, host, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult result, CommandHost host, CancellationToken cancellationToken)
    {
        string group = result.GetRequiredValue(Group);
        if (result.GetValue(Live))
        {
            return await LiveFeatures.ShowAsync(
                result.GetValue(Config) ?? throw new UsageException("--live needs --config: it says which entity the group has, and where nodes answer"),
                group,
                result.GetRequiredValue(Key),
                result.GetValue(Node),
                host.Out,
                cancellationToken).ConfigureAwait(false);
        }

        FeatureClientOptions options = OptionsOf(result, group, host.Time, out int? keyParts);
        FeatureClient client = await FeatureClient.ConnectAsync(options, cancellationToken).ConfigureAwait(false);
        await using (client.ConfigureAwait(false))
        {
            FeatureQuery query = client.Prepare(group);
            string[][] keys = [.. result.GetRequiredValue(Key).Select(k => PartsOf(k, keyParts))];
            IReadOnlyList<FeatureRow> rows = await client
                .ReadAsync([.. keys.Select(k => FeatureRequest.For(query, k))], cancellationToken).ConfigureAwait(false);
            for (int i = 0; i < rows.Count; i++)
            {
                if (result.GetValue(Json))
                {
                    await host.Out.WriteLineAsync(JsonOf(rows[i], keys[i]).ToJsonString(OneLine)).ConfigureAwait(false);
                }
                else
                {
                    Show(rows[i], string.Join('|', keys[i]), host.Out);
                }
            }
        }

        return ExitCodes.Done;
    }

    private static FeatureClientOptions OptionsOf(ParseResult result, string group, TimeProvider time, out int? keyParts)
    {
        keyParts = null;
        if (result.GetValue(Config) is not { } config)
        {
            return new FeatureClientOptions
            {
                Namespace = result.GetValue(Namespace) ?? throw new UsageException("say where: --config with the node's configuration, or --namespace"),
                ConnectionString = result.GetValue(Redis) ?? "localhost:6379",
                TimeProvider = time,
            };
        }

        if (result.GetValue(Namespace) is not null || result.GetValue(Redis) is not null)
        {
            throw new UsageException("--config says namespace and server: leave --namespace and --redis out");
        }

        NodeOptions node = NodeOptionsBinder.Load(config);
        if (!node.Sink.IsRedis())
        {
            throw new UsageException($"this node publishes to sink {node.Sink.Type}, not to Redis: read there, or ask the node with --live");
        }

        DefinitionsModel model = DefinitionsFile.Load(
            node.Definitions ?? throw new UsageException($"{config} does not say where the definitions are: write fa.definitions"),
            node.Plugins.Folder);
        GroupDefinition definition = GroupOf(model, group);
        keyParts = model.Entity(definition.Entity).Key.Count;
        return new FeatureClientOptions
        {
            Namespace = model.Namespace,
            ConnectionString = string.Create(CultureInfo.InvariantCulture, $"{node.Redis.Host}:{node.Redis.Port}"),
            Password = node.Redis.Password ?? (node.Redis.PasswordFile is { } file ? File.ReadAllText(file).TrimEnd('\r', '\n') : null),
            Database = node.Redis.Database,
            Tls = node.Redis.Tls,
            ConnectTimeout = node.Redis.ConnectTimeout,
            ReadTimeout = node.Redis.CommandTimeout,
            TimeProvider = time,
        };
    }

    /// <summary>The definitions' group of a name.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static GroupDefinition GroupOf(DefinitionsModel model, string group) => model.Groups.FirstOrDefault(g => g.Name == group)
        ?? throw new UsageException($"the definitions have no group '{group}'; there is {string.Join(", ", model.Groups.Select(static g => g.Name))}");

    /// <summary>The parts of a key as it is written on the command line; <paramref name="count"/> null for as many as it has.</summary>
    /// <exception cref="UsageException">They are not as many as the group's key has.</exception>
    public static string[] PartsOf(string key, int? count)
    {
        string[] parts = count == 1 ? [key] : key.Split('|');
        return count is null || parts.Length == count
            ? parts
            : throw new UsageException($"--key: '{key}' has {parts.Length} parts, the group's key has {count}; join them by |");
    }

    private static void Show(FeatureRow row, string key, TextWriter target)
    {
        if (!row.Exists)
        {
            target.WriteLine($"{row.Group} {key}: nothing (no data in any window, or not published yet)");
            return;
        }

        target.WriteLine($"{row.Group} {key}: version {row.Version}, {AgeOf(row)}");
        var table = new Table { Border = TableBorder.None, ShowHeaders = false };
        table.AddColumn(new TableColumn("feature") { NoWrap = true });
        table.AddColumn("value");
        foreach (string feature in row.PresentFeatures.Order(StringComparer.Ordinal))
        {
            table.AddRow(new Text("  " + feature), new Text(row.Text(feature) ?? ""));
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(target) });
        console.Write(table);
        FeatureFlags flags = row.Flags;
        ShowFlags(target, "truncated", flags.Truncated);
        ShowFlags(target, "approximate", flags.Approximate);
        ShowFlags(target, "warming", flags.Warming);
    }

    private static void ShowFlags(TextWriter target, string flag, IReadOnlyList<string> features)
    {
        if (features.Count > 0)
        {
            target.WriteLine($"  {flag}: {string.Join(", ", features)}");
        }
    }

    private static string AgeOf(FeatureRow row) => row.EvaluatedAtMs is { } at
        ? string.Create(CultureInfo.InvariantCulture, $"of {DateTimeOffset.FromUnixTimeMilliseconds(at):yyyy-MM-dd'T'HH:mm:ss.fff'Z'}")
        : "of unknown time";

    private static JsonObject JsonOf(FeatureRow row, string[] key)
    {
        var features = new JsonObject();
        foreach (string feature in row.PresentFeatures.Order(StringComparer.Ordinal))
        {
            features[feature] = ValueOf(row.Raw(feature)!.Value.Span);
        }

        FeatureFlags flags = row.Flags;
        return new JsonObject
        {
            ["group"] = row.Group,
            ["key"] = key.Length == 1 ? JsonValue.Create(key[0]) : new JsonArray([.. key.Select(static k => (JsonNode)k)]),
            ["exists"] = row.Exists,
            ["version"] = row.Version?.ToString(),
            ["at"] = row.EvaluatedAtMs,
            ["truncated"] = new JsonArray([.. flags.Truncated.Select(static f => (JsonNode)f)]),
            ["approximate"] = new JsonArray([.. flags.Approximate.Select(static f => (JsonNode)f)]),
            ["warming"] = new JsonArray([.. flags.Warming.Select(static f => (JsonNode)f)]),
            ["features"] = features,
        };
    }

    // A single string is raw in Redis; everything else is JSON.
    private static JsonNode? ValueOf(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return JsonNode.Parse(bytes);
        }
        catch (JsonException)
        {
            return JsonValue.Create(Encoding.UTF8.GetString(bytes));
        }
    }
}

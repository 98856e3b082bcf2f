using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Integration.Tests.Kafka;
using FeatureActors.Integration.Tests.Live;
using FeatureActors.LocalServers;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>What of the plug-ins is switched off at one node is off at every node of the namespace.</summary>
[Collection(NodeServers.Name)]
[Trait("Category", "Cluster")]
public sealed class PluginSwitchesTests(KafkaFixture kafka, PostgresFixture postgres)
{
    private const string Part = "activity.tally";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    [Fact]
    public async Task What_is_switched_off_at_one_node_is_off_at_the_other_and_at_a_new_one_until_it_is_switched_on_anywhere()
    {
        using var folder = new LiveFolder();
        await using RedisServer server = await RedisServer.StartAsync();
        await using var connection = new KafkaNode(kafka.Server);
        string topic = await connection.NewTopicAsync(1);
        await connection.CreateLogAsync("user", 2);
        string definitions = folder.Write("definitions.conf", $$"""
            namespace = {{connection.Namespace}}
            sources.clicks { topic = "{{topic}}", event-time { field = ts, unit = ms }, fields { user = string, what = string, ts = long } }
            entities.user { key = [string], shards = 2 }
            groups.activity { entity = user, source = clicks, key = user, features { tally { type = "custom:tally", of = what, windows = [1h] } } }
            """);
        PutTally(folder.Of("plugins"));
        await using LiveNode one = Node("node-1");
        await using LiveNode two = Node("node-2");
        await one.StartAsync();
        await two.StartAsync();
        await IsAsync(one, "on");
        await IsAsync(two, "on");

        await AskAsync(one, "switch-off", Part);
        await IsAsync(one, "switched off");
        await IsAsync(two, "switched off");

        await two.StopAsync();
        Directory.Delete(folder.Of("data-node-2"), recursive: true);
        await two.StartAsync();
        await IsAsync(two, "switched off");

        await AskAsync(two, "switch-on", Part);
        await IsAsync(two, "on");
        await IsAsync(one, "on");
        await one.StopAsync();
        await two.StopAsync();

        LiveNode Node(string name) => LiveNode.InCluster(
            folder, name, "lease", definitions, kafka.Server.Endpoint, postgres.Server, server, $"plugins.folder = \"{folder.Of("plugins")}\"");

        async Task<string> AskAsync(LiveNode node, params string[] command)
        {
            (int code, string text) = await FaProcess.RunAsync(folder.Path, ["plugins", .. command, "--config", node.ConfigFile]);
            return code == 0 ? text : $"exit code {code}: {text}\n{node.Tail()}";
        }

        Task IsAsync(LiveNode node, string state) => Eventually.NothingDiffersAsync($"{Part} is {state} at {node.Name}", Patience, async () =>
            await AskAsync(node, "list") is var text && text.Contains($"feature {Part} (tally): {state}", StringComparison.Ordinal) ? null : text);
    }

    private static void PutTally(string folder)
    {
        string own = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        string built = Path.Combine(own, "..", "..", "FeatureActors.TallyPlugin", Path.GetFileName(own), "tally.dll");
        Directory.CreateDirectory(Path.Combine(folder, "tally"));
        File.Copy(built, Path.Combine(folder, "tally", "tally.dll"));
    }
}

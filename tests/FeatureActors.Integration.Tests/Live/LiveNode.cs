using System.Globalization;
using FeatureActors.LocalServers;

namespace FeatureActors.Integration.Tests.Live;

/// <summary>A node: its configuration, its data directory, and the process that runs at the moment.</summary>
internal sealed class LiveNode : IAsyncDisposable
{
    /// <summary>How long Kafka and the leases wait for a node that does nothing; its shards and partitions go to others then.</summary>
    public static readonly TimeSpan SessionTimeout = TimeSpan.FromSeconds(3);

    private static readonly string Session = string.Create(CultureInfo.InvariantCulture, $"{SessionTimeout.TotalSeconds}s");

    private readonly LiveFolder _folder;
    private readonly bool _isAsDelivered;
    private FaProcess? _process;

    private LiveNode(LiveFolder folder, string config, string name = "", bool isAsDelivered = false)
    {
        _folder = folder;
        _isAsDelivered = isAsDelivered;
        Name = name;
        ConfigFile = folder.Write(name.Length == 0 ? $"node-{Guid.NewGuid():N}.conf" : $"{name}.conf", config);
    }

    /// <summary>Its name, where it has one.</summary>
    public string Name { get; }

    public string ConfigFile { get; }

    /// <summary>Where it answers HTTP once <see cref="ListenOn"/> was called.</summary>
    public int HttpPort { get; private set; }

    /// <summary>What the next process runs.</summary>
    public NodeBuild Build { get; set; } = NodeBuild.Own;

    /// <summary>Exit code of the process that ended.</summary>
    public int ExitCode => _process!.ExitCode;

    /// <summary>Everything that its processes wrote.</summary>
    public string Output => _process?.ReadOutput() ?? "";

    public bool IsRunning => _process?.IsRunning ?? false;

    /// <summary>A node on a broker and a Redis, which need not be there yet.</summary>
    public static LiveNode OnKafka(LiveFolder folder, string definitions, string bootstrap, RedisServer redis, string more = "")
    {
        string properties = string.Join(", ", KafkaServer.ClientSettings.Select(static s => $"\"{s.Key}\" = \"{s.Value}\""));
        return new LiveNode(folder, Text(folder, definitions, redis, $$"""
              log = kafka
              kafka {
                bootstrap-servers = "{{bootstrap}}"
                session-timeout = {{Session}}
                heartbeat-interval = 300ms
                properties { {{properties}} }
              }
              {{more}}
            """));
    }

    /// <summary>One of several nodes that share a broker, a database and a Redis.</summary>
    /// <param name="folder">Where its files are.</param>
    /// <param name="name">Its name.</param>
    /// <param name="ownership">The word of <c>fa.ownership</c>.</param>
    /// <param name="definitions">File of the definitions.</param>
    /// <param name="bootstrap">The broker.</param>
    /// <param name="postgres">The database.</param>
    /// <param name="redis">The feature store.</param>
    /// <param name="more">Further settings.</param>
    /// <param name="isAsDelivered">
    /// It starts as a node of a user does: all is compiled fully at once, and it rehearses before it asks for shards, so that planned moves
    /// are short. That costs many seconds of a processor at each start; tests that ask for values only do without.
    /// </param>
    public static LiveNode InCluster(
        LiveFolder folder, string name, string ownership, string definitions, string bootstrap, PostgresServer postgres, RedisServer redis, string more = "",
        bool isAsDelivered = false)
    {
        string properties = string.Join(", ", KafkaServer.ClientSettings.Select(static s => $"\"{s.Key}\" = \"{s.Value}\""));
        return new LiveNode(
            folder,
            Text(folder, definitions, redis, string.Create(CultureInfo.InvariantCulture, $$"""
                  name = "{{name}}"
                  data-directory = "{{folder.Of("data-" + name)}}"
                  log = kafka
                  store = postgres
                  ownership = {{ownership}}
                  kafka {
                    bootstrap-servers = "{{bootstrap}}"
                    session-timeout = {{Session}}
                    heartbeat-interval = 300ms
                    properties { {{properties}} }
                  }
                  postgres { host = "127.0.0.1", port = {{postgres.Port}}, database = {{PostgresServer.Database}}, user = {{PostgresServer.UserName}}, connections = 10 }
                  lease { duration = {{Session}}, renew = 500ms }
                  {{more}}
                """), isAsDelivered),
            name,
            isAsDelivered);
    }

    /// <summary>A node whose sources are topics and whose log lies in its data directory.</summary>
    public static LiveNode EmbeddedOnTopics(LiveFolder folder, string definitions, string bootstrap, RedisServer redis, string more = "") =>
        OnKafka(folder, definitions, bootstrap, redis, $"log = embedded\n  {more}");

    /// <summary>A node on files alone.</summary>
    public static LiveNode Embedded(LiveFolder folder, string definitions, string input, string? end, RedisServer redis, string more = "")
    {
        string ends = end is null ? "" : $", end = \"{end}\"";
        return new LiveNode(folder, Text(folder, definitions, redis, $$"""
              log = embedded
              sources.purchases { file = "{{input}}"{{ends}} }
              {{more}}
            """));
    }

    /// <summary>Starts the process; returns before it does anything.</summary>
    public async Task StartAsync() => _process = await FaProcess.StartAsync(
        Build, _isAsDelivered, _folder.Of($"{Path.GetFileNameWithoutExtension(ConfigFile)}.log"), "run", "--config", ConfigFile);

    /// <summary>Adds settings, which the next process follows; what was set before gives way.</summary>
    public void Configure(string settings) => File.AppendAllText(ConfigFile, $"\n{settings}\n");

    /// <summary>The next process answers HTTP on a port of the loopback.</summary>
    public void ListenOn(int port)
    {
        HttpPort = port;
        Configure(string.Create(CultureInfo.InvariantCulture, $"fa.http {{ enabled = true, port = {port} }}"));
    }

    /// <summary>kill −9.</summary>
    public async Task KillAsync()
    {
        Assert.True(IsRunning, $"the node ended by itself: {_process?.Tail()}");
        await _process!.DisposeAsync();
    }

    /// <summary>SIGSTOP: it keeps its connections and does nothing.</summary>
    public void Freeze() => _process!.Freeze();

    /// <summary>SIGCONT.</summary>
    public void Thaw() => _process!.Thaw();

    /// <summary>Stops it in order.</summary>
    public async Task StopAsync()
    {
        int code = await _process!.StopAsync();
        Assert.True(code is 0, $"the node ended with exit code {code}: {_process.Tail()}");
        await _process.DisposeAsync();
    }

    public string Tail() => _process?.Tail() ?? "not started";

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }
    }

    private static string Text(LiveFolder folder, string definitions, RedisServer redis, string more, bool isAsDelivered = false)
    {
        string password = redis.ConnectionString.Split("password=") is [_, { } text] ? $", password = \"{text}\"" : "";
        return string.Create(CultureInfo.InvariantCulture, $$"""
            fa {
              definitions = "{{definitions}}"
              data-directory = "{{folder.Of("data")}}"
              redis { host = "127.0.0.1", port = {{redis.Port}}, verify-versions = true, command-timeout = 2s{{password}} }
              checkpoints.interval = 1s
              publish { sweep-interval = 2s, fence-check = 500ms }
              {{(isAsDelivered ? "" : "warm-up = 0s")}}
            {{more}}
            }
            """);
    }
}

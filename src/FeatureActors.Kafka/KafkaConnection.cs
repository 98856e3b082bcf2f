using System.Globalization;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Kafka.Native;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Kafka;

/// <summary>
/// One Kafka cluster as this node sees it: its settings, and the questions about topics. Everything that a node opens on the
/// cluster shares it and is disposed of before it. Safe for concurrent calls.
/// </summary>
public sealed class KafkaConnection : IAsyncDisposable
{
    private static readonly Version Since011 = new(0, 11);

    // Client and brokers count a message's header (at most 70 bytes, in every format) and key against their limits.
    private const int FramingBytes = 1024;

    private readonly Lazy<IAdminClient> _admin;

    /// <summary>Keeps the settings; connects at first use.</summary>
    /// <param name="options">Settings.</param>
    /// <param name="timeProvider">Time for waits between questions.</param>
    /// <param name="logger">Receives the client's own messages, too.</param>
    /// <exception cref="ArgumentException">The options have mistakes; the message has all of them.</exception>
    public KafkaConnection(KafkaOptions options, TimeProvider timeProvider, ILogger<KafkaConnection> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        var errors = options.Validate();
        if (errors.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, errors), nameof(options));
        }

        Options = options;
        Time = timeProvider;
        Logger = logger;
        Dependency = $"kafka at {options.BootstrapServers}";
        _admin = new Lazy<IAdminClient>(() => new AdminClientBuilder(BaseSettings())
            .SetLogHandler((_, message) => LogClient(message))
            .SetErrorHandler((_, error) => LogError(error))
            .Build());
    }

    internal KafkaOptions Options { get; }

    internal TimeProvider Time { get; }

    internal ILogger Logger { get; }

    /// <summary>Name for error messages: what and where.</summary>
    internal string Dependency { get; }

    /// <summary>
    /// False for brokers before 0.11, which a user announces by the two properties that the client needs for them anyway.
    /// Asking the broker instead would make the answer depend on which broker is up.
    /// </summary>
    internal bool IsBrokerSince011 =>
        !(Options.Properties.TryGetValue("api.version.request", out var request) && request == "false")
        || (Options.Properties.TryGetValue("broker.version.fallback", out var text)
            && Version.TryParse(text, out var version)
            && version >= Since011);

    /// <summary>Asks a broker for its topics, which shows that it is there.</summary>
    /// <exception cref="DependencyUnavailableException">No broker answered within <see cref="KafkaOptions.RequestTimeout"/>.</exception>
    public async ValueTask CheckAsync(CancellationToken cancellationToken) =>
        await ReadMetadataAsync(cancellationToken).ConfigureAwait(false);

    /// <summary>Number of partitions of a topic, or null when it does not exist. Never creates it.</summary>
    /// <exception cref="DependencyUnavailableException">No broker answered.</exception>
    public async ValueTask<int?> CountPartitionsAsync(string topic, CancellationToken cancellationToken)
    {
        var metadata = await ReadMetadataAsync(cancellationToken).ConfigureAwait(false);
        var found = metadata.Topics.Find(candidate => candidate.Topic == topic);
        return found is null || found.Partitions.Count == 0 ? null : found.Partitions.Count;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_admin.IsValueCreated)
        {
            await Task.Run(_admin.Value.Dispose).ConfigureAwait(false);
        }
    }

    internal Dictionary<string, string> BaseSettings()
    {
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // The defaults reconnect after up to 10 s; a broker that restarts is back sooner.
            ["reconnect.backoff.max.ms"] = "1000",
            ["socket.keepalive.enable"] = "true",
        };
        foreach (var (name, value) in Options.Properties)
        {
            settings[name] = value;
        }

        settings["bootstrap.servers"] = Options.BootstrapServers;
        settings["client.id"] = Options.ClientId;
        settings["message.max.bytes"] = Number(Options.MessageBytesMax + FramingBytes);
        return settings;
    }

    internal Dictionary<string, string> ProducerSettings()
    {
        var settings = BaseSettings();
        settings["acks"] = "all";
        settings["message.timeout.ms"] = "0";
        settings["linger.ms"] = Number((long)Options.Linger.TotalMilliseconds);
        settings["dotnet.producer.delivery.report.fields"] = "none";
        if (IsBrokerSince011)
        {
            settings["enable.idempotence"] = "true";
        }
        else
        {
            // Without idempotence, a second request under way could overtake a retried first one.
            settings["max.in.flight.requests.per.connection"] = "1";
        }

        return settings;
    }

    internal Dictionary<string, string> ReaderSettings(int aheadBytes)
    {
        var settings = BaseSettings();
        settings["enable.auto.commit"] = "false";
        settings["enable.auto.offset.store"] = "false";
        settings["auto.offset.reset"] = "error";
        settings["queued.max.messages.kbytes"] = Number(Math.Max(1, aheadBytes / 1024));
        settings["queued.min.messages"] = "1000000";
        settings["fetch.message.max.bytes"] = Number(Math.Min(aheadBytes, 1024 * 1024));
        settings["fetch.max.bytes"] = Number(Math.Max(Options.MessageBytesMax, 16 * 1024 * 1024));
        settings["receive.message.max.bytes"] = Number(Math.Max(Options.MessageBytesMax, 16 * 1024 * 1024) + 1024 * 1024);
        settings["fetch.wait.max.ms"] = "100";
        settings["fetch.error.backoff.ms"] = "100";
        return settings;
    }

    internal NativeConsumer NewReaderClient(int aheadBytes) => new(ReaderSettings(aheadBytes), Dependency, Logger);

    internal async Task<Metadata> ReadMetadataAsync(CancellationToken cancellationToken)
    {
        try
        {
            // All topics: asking for one by name would make an old broker create it, with its own partition count.
            return await Task.Run(() => _admin.Value.GetMetadata(Options.RequestTimeout), cancellationToken).ConfigureAwait(false);
        }
        catch (KafkaException exception)
        {
            throw Unavailable("could not reach a broker; check the address and that the broker runs", exception);
        }
    }

    internal async Task<bool> TryCreateTopicAsync(string topic, int partitions, CancellationToken cancellationToken)
    {
        if (!IsBrokerSince011)
        {
            return false; // The client would wait for its time-out before it says that so old a broker cannot.
        }

        var specification = new TopicSpecification
        {
            Name = topic,
            NumPartitions = partitions,
            ReplicationFactor = Options.LogReplicationFactor,
            Configs = LogTopicSettings().ToDictionary(),
        };
        try
        {
            await _admin.Value.CreateTopicsAsync(
                [specification],
                new CreateTopicsOptions { OperationTimeout = Options.RequestTimeout, RequestTimeout = Options.RequestTimeout })
                .WaitAsync(cancellationToken).ConfigureAwait(false);
            Log.TopicCreated(Logger, topic, partitions);
            return true;
        }
        catch (CreateTopicsException exception)
        {
            return exception.Results[0].Error.Code == ErrorCode.TopicAlreadyExists;
        }
        catch (KafkaException)
        {
            return false; // Too old a broker, or not allowed: the caller says how to do it by hand.
        }
    }

    /// <summary>The command that creates a shard log by hand.</summary>
    internal string CreateCommand(string topic, int partitions)
    {
        var where = IsBrokerSince011 ? $"--bootstrap-server {Options.BootstrapServers}" : "--zookeeper <zookeeper:2181>";
        var replicas = Options.LogReplicationFactor > 0 ? Number(Options.LogReplicationFactor) : "3";
        var configs = string.Concat(LogTopicSettings().Select(setting => $" --config {setting.Key}={setting.Value}"));
        return $"kafka-topics.sh --create {where} --topic {topic} --partitions {Number(partitions)} --replication-factor {replicas}{configs}";
    }

    internal DependencyUnavailableException Unavailable(string message, KafkaException exception) =>
        new(Dependency, $"{message}: {exception.Error.Reason}", exception);

    internal void LogClient(LogMessage message)
    {
        var level = Log.LevelOf((int)message.Level);
        Log.Client(Logger, level, message.Facility, message.Message);
    }

    internal void LogError(Error error) => Log.ClientError(Logger, error.Code, error.Reason);

    internal static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private KeyValuePair<string, string>[] LogTopicSettings() =>
    [
        new("cleanup.policy", "delete"),
        new("retention.ms", Number((long)Options.LogRetention.TotalMilliseconds)),
        new("retention.bytes", "-1"),
        new("max.message.bytes", Number(Options.MessageBytesMax + FramingBytes)),
    ];
}

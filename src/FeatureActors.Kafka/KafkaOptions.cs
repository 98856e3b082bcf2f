namespace FeatureActors.Kafka;

/// <summary>How to reach a Kafka cluster and how to treat it. Immutable. <see cref="object.ToString"/> shows no property values.</summary>
public sealed class KafkaOptions
{
    // What correctness rests on; a user's property must not change it.
    private static readonly HashSet<string> Reserved = new(StringComparer.Ordinal)
    {
        "bootstrap.servers", "metadata.broker.list", "client.id", "group.id", "acks", "request.required.acks", "enable.auto.commit",
        "enable.auto.offset.store", "auto.offset.reset", "partition.assignment.strategy", "message.timeout.ms", "delivery.timeout.ms",
        "enable.idempotence", "allow.auto.create.topics", "enable.partition.eof", "session.timeout.ms", "heartbeat.interval.ms",
        "message.max.bytes", "linger.ms", "queue.buffering.max.ms", "queued.max.messages.kbytes", "transactional.id", "isolation.level",
        "group.instance.id", "partitioner",
    };

    /// <summary>Brokers to ask first, <c>host:port</c> joined by commas. Required.</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>Name under which brokers see this node.</summary>
    public string ClientId { get; init; } = "feature-actors";

    /// <summary>First part of the names of shard logs and groups; <c>fa</c> by default, giving <c>fa.shop.item</c>.</summary>
    public string TopicPrefix { get; init; } = "fa";

    /// <summary>
    /// librdkafka properties passed on as they are, such as <c>security.protocol</c> or <c>sasl.password</c>. Brokers before 0.10
    /// need <c>api.version.request=false</c> and <c>broker.version.fallback</c>. Values are never logged.
    /// </summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>Longest wait for one answer about topics and offsets. 10 s by default.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Silence after which the group gives a node's shards to others. 10 s by default, within the broker's
    /// <c>group.min.session.timeout.ms</c> and <c>group.max.session.timeout.ms</c>. Lower: faster take-over, more false alarms.
    /// </summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between signs of life to the group; at most a third of <see cref="SessionTimeout"/>. 3 s by default.</summary>
    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Longest wait at shutdown for unsent batches and for leaving the group. 5 s by default.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long the producer waits for more before it sends. 1 ms by default: batches arrive packed, waiting longer gains nothing.
    /// </summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Largest message sent or received, in bytes without its header. 16 MB by default; the brokers' <c>message.max.bytes</c> must be
    /// at least 1 KiB higher.</summary>
    public int MessageBytesMax { get; init; } = 16_000_000;

    /// <summary>
    /// Bytes fetched ahead per shard log partition. 512 KiB by default, so 16 shards take 8 MiB, and up to as much again while a
    /// fetch is under way. Raise it for faster catch-up.
    /// </summary>
    public int LogAheadBytes { get; init; } = 512 * 1024;

    /// <summary>Bytes fetched ahead per source partition. 4 MiB by default. Raise it for faster catch-up.</summary>
    public int SourceAheadBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Bytes after which a chunk of events is handed over although there is more. 256 KiB by default.</summary>
    public int ChunkBytes { get; init; } = 256 * 1024;

    /// <summary>Replicas of a shard log that this node creates; −1 (the default) takes the broker's setting.</summary>
    public short LogReplicationFactor { get; init; } = -1;

    /// <summary>
    /// How long a shard log that this node creates keeps its entries; 7 days by default. It must exceed the longest time that a
    /// shard can be without a checkpoint, outages included: entries that expire before are lost.
    /// </summary>
    public TimeSpan LogRetention { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Mistakes in these options, each naming its property; empty when there is none.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> errors = [];
        Check(errors, BootstrapServers.Length > 0, "BootstrapServers is empty: name at least one host:port");
        Check(errors, TopicPrefix.Length > 0, "TopicPrefix is empty");
        Check(errors, RequestTimeout > TimeSpan.Zero, "RequestTimeout must be above 0");
        Check(errors, CloseTimeout > TimeSpan.Zero, "CloseTimeout must be above 0");
        Check(errors, SessionTimeout >= TimeSpan.FromSeconds(1), "SessionTimeout must be at least 1 s");
        Check(errors, HeartbeatInterval > TimeSpan.Zero && HeartbeatInterval * 3 <= SessionTimeout,
            "HeartbeatInterval must be above 0 and at most a third of SessionTimeout");
        Check(errors, Linger >= TimeSpan.Zero && Linger <= TimeSpan.FromSeconds(1), "Linger must be from 0 to 1 s");
        Check(errors, MessageBytesMax is >= 100_000 and <= 1_000_000_000, "MessageBytesMax must be from 100 KB to 1 GB");
        Check(errors, LogAheadBytes >= 64 * 1024, "LogAheadBytes must be at least 64 KiB");
        Check(errors, SourceAheadBytes >= 64 * 1024, "SourceAheadBytes must be at least 64 KiB");
        Check(errors, ChunkBytes is > 0 and <= 4 * 1024 * 1024, "ChunkBytes must be from 1 to 4 MiB");
        Check(errors, LogReplicationFactor is -1 or > 0, "LogReplicationFactor must be -1 (the broker's setting) or above 0");
        Check(errors, LogRetention >= TimeSpan.FromHours(1), "LogRetention must be at least 1 h");
        foreach (var name in Properties.Keys)
        {
            Check(errors, !Reserved.Contains(name), $"Properties: {name} is set by the node and cannot be changed");
        }

        return errors;
    }

    /// <inheritdoc/>
    public override string ToString() => $"kafka at {BootstrapServers}, properties: {string.Join(", ", Properties.Keys)}";

    private static void Check(List<string> errors, bool holds, string error)
    {
        if (!holds)
        {
            errors.Add(error);
        }
    }
}

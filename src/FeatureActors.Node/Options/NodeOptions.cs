using FeatureActors.Core.Formats;

namespace FeatureActors.Node.Options;

/// <summary>Settings of a node: the section <c>fa</c> of its configuration. What each means stands in <c>hocon/reference.conf</c>.</summary>
internal sealed record NodeOptions
{
    /// <summary>File with the definitions; required.</summary>
    public string? Definitions { get; init; }

    /// <summary>Name of the node, kept with the shards it owns; null for the machine's name and the process id.</summary>
    public string? Name { get; init; }

    /// <summary>Directory for checkpoints, positions, dead letters, definitions and the embedded log.</summary>
    public string DataDirectory { get; init; } = "data";

    /// <summary>What the process does.</summary>
    public IReadOnlyList<string> Roles { get; init; } = ["ingest", "shard"];

    /// <summary>Longest wait at start for a dependency that is away.</summary>
    public TimeSpan StartupTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest time to connect and rehearse before shards are asked for; zero for neither.</summary>
    public TimeSpan WarmUp { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Time to drain at the end.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of entities in memory.</summary>
    public long MemoryBudget { get; init; } = 256L * 1024 * 1024;

    /// <summary>Time after its last use at which an entity leaves memory.</summary>
    public TimeSpan PassivateAfter { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Least important messages that are written: debug, info, warning or error.</summary>
    public string LogLevel { get; init; } = "info";

    /// <summary>Form of messages: text or json.</summary>
    public string LogFormat { get; init; } = "text";

    /// <summary>Where rows wait between ingest and shards: embedded or kafka.</summary>
    public string Log { get; init; } = "embedded";

    /// <summary>Where checkpoints, source positions, dead letters and applied definitions are kept: sqlite or postgres.</summary>
    public string Store { get; init; } = "sqlite";

    /// <summary>Who says which shards are this node's, with a log on Kafka: group or lease.</summary>
    public string Ownership { get; init; } = "group";

    /// <summary>Format of the log batches and entities that this node writes.</summary>
    public int WriteFormat { get; init; } = StoredFormat.Default;

    /// <summary>Kafka.</summary>
    public KafkaSection Kafka { get; init; } = new();

    /// <summary>Redis.</summary>
    public RedisSection Redis { get; init; } = new();

    /// <summary>PostgreSQL.</summary>
    public PostgresSection Postgres { get; init; } = new();

    /// <summary>Leases of shards in PostgreSQL.</summary>
    public LeaseSection Lease { get; init; } = new();

    /// <summary>Checkpoints.</summary>
    public CheckpointsSection Checkpoints { get; init; } = new();

    /// <summary>Publishing.</summary>
    public PublishSection Publish { get; init; } = new();

    /// <summary>Ingest.</summary>
    public IngestSection Ingest { get; init; } = new();

    /// <summary>HTTP.</summary>
    public HttpSection Http { get; init; } = new();

    /// <summary>Metrics to a collector.</summary>
    public OtlpSection Otlp { get; init; } = new();

    /// <summary>Plug-ins.</summary>
    public PluginsSection Plugins { get; init; } = new();

    /// <summary>Section <c>fa.sink</c>.</summary>
    public SinkSection Sink { get; init; } = new();

    /// <summary>Dead letters.</summary>
    public DeadLettersSection DeadLetters { get; init; } = new();

    /// <summary>Sources that are files, by name; all others are topics.</summary>
    public IReadOnlyDictionary<string, SourceSection> Sources { get; init; } = new Dictionary<string, SourceSection>();
}

/// <summary>How to reach Kafka; <c>fa.kafka</c>.</summary>
internal sealed record KafkaSection
{
    public string? BootstrapServers { get; init; }

    public string ClientId { get; init; } = "feature-actors";

    public string TopicPrefix { get; init; } = "fa";

    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan HeartbeatInterval { get; init; } = TimeSpan.FromSeconds(3);

    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(1);

    public int MessageBytesMax { get; init; } = 16_000_000;

    public int LogAheadBytes { get; init; } = 512 * 1024;

    public int SourceAheadBytes { get; init; } = 4 * 1024 * 1024;

    public int ChunkBytes { get; init; } = 256 * 1024;

    public int LogReplicationFactor { get; init; } = -1;

    public TimeSpan LogRetention { get; init; } = TimeSpan.FromDays(7);

    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();
}

/// <summary>How to reach Redis; <c>fa.redis</c>.</summary>
internal sealed record RedisSection
{
    public string Host { get; init; } = "localhost";

    public int Port { get; init; } = 6379;

    public string? Password { get; init; }

    public string? PasswordFile { get; init; }

    public int Database { get; init; }

    public bool Tls { get; init; }

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(2);

    public bool VerifyVersions { get; init; }

    // A record would print its password.
    public override string ToString() => $"redis at {Host}:{Port}";
}

/// <summary>How to reach PostgreSQL; <c>fa.postgres</c>.</summary>
internal sealed record PostgresSection
{
    public string Host { get; init; } = "localhost";

    public int Port { get; init; } = 5432;

    public string Database { get; init; } = "feature_actors";

    public string User { get; init; } = "feature_actors";

    public string? Password { get; init; }

    public string? PasswordFile { get; init; }

    public bool Tls { get; init; }

    public string? CaFile { get; init; }

    public string? Schema { get; init; }

    public int Connections { get; init; } = 20;

    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan TakeOverPatience { get; init; } = TimeSpan.FromSeconds(2);

    // A record would print its password.
    public override string ToString() => $"postgresql at {Host}:{Port}/{Database}";
}

/// <summary>How shards are leased; <c>fa.lease</c>.</summary>
internal sealed record LeaseSection
{
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(4);

    public TimeSpan Renew { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>When state becomes durable; <c>fa.checkpoints</c>.</summary>
internal sealed record CheckpointsSection
{
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    public long Bytes { get; init; } = 16L * 1024 * 1024;

    public int Concurrent { get; init; } = 1;
}

/// <summary>How values are kept right in Redis; <c>fa.publish</c>.</summary>
internal sealed record PublishSection
{
    public TimeSpan SweepInterval { get; init; } = TimeSpan.FromMinutes(1);

    public int SweepRate { get; init; } = 2_000;

    public int RewriteRate { get; init; } = 20_000;

    public TimeSpan FenceCheck { get; init; } = TimeSpan.FromSeconds(2);

    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(500);
}

/// <summary>How rows are packed; <c>fa.ingest</c>.</summary>
internal sealed record IngestSection
{
    public int BatchBytes { get; init; } = 64 * 1024;

    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(5);

    public IReadOnlyList<string> NewLanes { get; init; } = [];
}

/// <summary>Where plug-ins are and what they may cost; <c>fa.plugins</c>.</summary>
internal sealed record PluginsSection
{
    public string Folder { get; init; } = "plugins";

    public TimeSpan CallBudget { get; init; } = TimeSpan.FromSeconds(2);

    public int StuckThreadsMax { get; init; } = 2;
}

/// <summary>How much of what could not be used is kept; <c>fa.dead-letters</c>.</summary>
internal sealed record DeadLettersSection
{
    public int MaxCount { get; init; } = 100_000;

    public long MaxBytes { get; init; } = 256L * 1024 * 1024;
}

/// <summary>A source that is a file; <c>fa.sources.&lt;name&gt;</c>.</summary>
/// <param name="File">Path of the file.</param>
/// <param name="EndMs">Event time at which the source ends behind its last event, Unix milliseconds; null to wait for more.</param>
internal sealed record SourceSection(string File, long? EndMs);

namespace FeatureActors.LocalServers;

/// <summary>Settings of a <see cref="KafkaServer"/>; the defaults suit tests and the demo.</summary>
public sealed record KafkaServerOptions
{
    /// <summary>Largest message in bytes the broker takes; 16 MiB, above the 10 MB an event may have.</summary>
    public int MessageBytesMax { get; init; } = 16 * 1024 * 1024;

    /// <summary>Heap of the broker in MiB. Raise it for many partitions or many large messages at once.</summary>
    public int BrokerHeapMegabytes { get; init; } = 512;

    /// <summary>True: a topic comes into being when a client first asks for it. False: only by <see cref="KafkaServer.CreateTopicAsync"/>.</summary>
    public bool AutoCreateTopics { get; init; }

    /// <summary>Further lines of server.properties; they win over ours.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();
}

using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Node.Options;

/// <content>The servers that a node talks to: Kafka, Redis, PostgreSQL and the leases in it.</content>
internal static partial class NodeOptionsBinder
{
    private static KafkaSection BindKafka(ConfigReader reader)
    {
        var defaults = new KafkaSection();
        var section = new KafkaSection
        {
            BootstrapServers = NotEmpty(reader, "bootstrap-servers"),
            ClientId = NotEmpty(reader, "client-id") ?? defaults.ClientId,
            TopicPrefix = NotEmpty(reader, "topic-prefix") ?? defaults.TopicPrefix,
            RequestTimeout = Duration(reader, "request-timeout", defaults.RequestTimeout, 100, 600_000),
            SessionTimeout = Duration(reader, "session-timeout", defaults.SessionTimeout, 1_000, 3_600_000),
            HeartbeatInterval = Duration(reader, "heartbeat-interval", defaults.HeartbeatInterval, 1, 1_200_000),
            CloseTimeout = Duration(reader, "close-timeout", defaults.CloseTimeout, 1, 600_000),
            Linger = Duration(reader, "linger", defaults.Linger, 0, 1_000),
            MessageBytesMax = (int)reader.SizeOr("message-bytes-max", defaults.MessageBytesMax, 100_000, 1_000_000_000),
            LogAheadBytes = (int)reader.SizeOr("log-ahead-bytes", defaults.LogAheadBytes, 64 * 1024, 1_000_000_000),
            SourceAheadBytes = (int)reader.SizeOr("source-ahead-bytes", defaults.SourceAheadBytes, 64 * 1024, 1_000_000_000),
            ChunkBytes = (int)reader.SizeOr("chunk-bytes", defaults.ChunkBytes, 1, 4 * 1024 * 1024),
            LogReplicationFactor = reader.IntOr("log-replication-factor", defaults.LogReplicationFactor, -1, short.MaxValue),
            LogRetention = Duration(reader, "log-retention", defaults.LogRetention, Hours(1), Hours(24 * 3_650)),
            Properties = BindProperties(reader.OptionalObject("properties")),
        };
        if (section.HeartbeatInterval * 3 > section.SessionTimeout)
        {
            reader.Optional("heartbeat-interval")?.Error("must be at most a third of session-timeout");
        }

        if (section.LogReplicationFactor == 0)
        {
            reader.Optional("log-replication-factor")?.Error("must be -1 (the broker's setting) or above 0");
        }

        reader.RejectUnknown();
        return section;
    }

    // security.protocol = SSL is an object with a field protocol to HOCON; the client wants the name as it was written.
    private static Dictionary<string, string> BindProperties(ConfigReader? reader)
    {
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        if (reader is not null)
        {
            AddProperties(reader, "", properties);
        }

        return properties;
    }

    private static void AddProperties(ConfigReader reader, string prefix, Dictionary<string, string> properties)
    {
        foreach ((ConfigField field, ConfigValue value) in reader.Entries())
        {
            string name = prefix + field.Key;
            if (value.IsObject)
            {
                AddProperties(value.AsObject()!, name + ".", properties);
            }
            else if (value.AsString() is { } text)
            {
                properties[name] = text;
            }
        }
    }

    private static RedisSection BindRedis(ConfigReader reader)
    {
        var defaults = new RedisSection();
        var section = new RedisSection
        {
            Host = NotEmpty(reader, "host") ?? defaults.Host,
            Port = reader.IntOr("port", defaults.Port, 1, 65_535),
            Password = reader.OptionalString("password"),
            PasswordFile = ExistingFile(reader, "password-file"),
            Database = reader.IntOr("database", defaults.Database, 0, 65_535),
            Tls = reader.BooleanOr("tls", defaults.Tls),
            ConnectTimeout = Duration(reader, "connect-timeout", defaults.ConnectTimeout, 10, 600_000),
            CommandTimeout = Duration(reader, "command-timeout", defaults.CommandTimeout, 10, 600_000),
            VerifyVersions = reader.BooleanOr("verify-versions", defaults.VerifyVersions),
        };
        reader.RejectUnknown();
        return section;
    }

    private static PostgresSection BindPostgres(ConfigReader reader)
    {
        var defaults = new PostgresSection();
        var section = new PostgresSection
        {
            Host = NotEmpty(reader, "host") ?? defaults.Host,
            Port = reader.IntOr("port", defaults.Port, 1, 65_535),
            Database = NotEmpty(reader, "database") ?? defaults.Database,
            User = NotEmpty(reader, "user") ?? defaults.User,
            Password = reader.OptionalString("password"),
            PasswordFile = ExistingFile(reader, "password-file"),
            Tls = reader.BooleanOr("tls", defaults.Tls),
            CaFile = ExistingFile(reader, "ca-file"),
            Schema = NotEmpty(reader, "schema"),
            Connections = reader.IntOr("connections", defaults.Connections, 2, 1_000),
            ConnectTimeout = Duration(reader, "connect-timeout", defaults.ConnectTimeout, 1_000, 600_000),
            CommandTimeout = Duration(reader, "command-timeout", defaults.CommandTimeout, 1_000, 600_000),
            TakeOverPatience = Duration(reader, "take-over-patience", defaults.TakeOverPatience, 100, 60_000),
        };
        if (section.Schema is { } schema && (schema.Length > 63 || !schema.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-')))
        {
            reader.Optional("schema")!.Error("must have at most 63 characters: letters, digits, _ and -");
        }

        reader.RejectUnknown();
        return section;
    }

    private static LeaseSection BindLease(ConfigReader reader)
    {
        var defaults = new LeaseSection();
        var section = new LeaseSection
        {
            Duration = Duration(reader, "duration", defaults.Duration, 1_000, 60_000),
            Renew = Duration(reader, "renew", defaults.Renew, 100, 20_000),
        };
        if (section.Renew * 3 > section.Duration)
        {
            reader.Optional("renew")?.Error("must be at most a third of duration");
        }

        reader.RejectUnknown();
        return section;
    }
}

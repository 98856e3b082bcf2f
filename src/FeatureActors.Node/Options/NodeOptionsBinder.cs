using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Formats;
using FeatureActors.Hocon;
using FeatureActors.Node.Commands;

namespace FeatureActors.Node.Options;

/// <summary>Reads a node's configuration over <c>hocon/reference.conf</c>. All mistakes are found in one run.</summary>
internal static partial class NodeOptionsBinder
{
    private const string ReferenceName = "reference.conf";

    private static readonly string[] RoleWords = ["ingest", "shard", "api"];
    private static readonly string[] LogWords = ["embedded", "kafka"];
    private static readonly string[] StoreWords = ["sqlite", "postgres"];
    private static readonly string[] OwnershipWords = ["group", "lease"];
    private static readonly string[] FormatWords = ["text", "json"];
    private static readonly string[] LevelWords = ["debug", "info", "warning", "error"];

    /// <summary>Text of <c>hocon/reference.conf</c>, as it was when this was built.</summary>
    public static string ReferenceText { get; } = ReadReference();

    /// <summary>Reads a file.</summary>
    /// <exception cref="ConfigException">It has mistakes; carries all of them.</exception>
    public static NodeOptions Load(string path) =>
        Bind(HoconParser.ParseFile(path, OverReference()), path);

    /// <summary>Reads a text as if it were the file <paramref name="path"/>.</summary>
    /// <exception cref="ConfigException">It has mistakes; carries all of them.</exception>
    public static NodeOptions Parse(string text, string path) =>
        Bind(HoconParser.ParseText(text, path, OverReference()), path);

    /// <summary>Binds a resolved tree, which need not lie over the reference: what it leaves out has the options' own defaults.</summary>
    /// <param name="root">The tree; its <c>fa</c> is read.</param>
    /// <param name="path">The file, for mistakes that have no place in it.</param>
    public static NodeOptions Bind(ConfigObject root, string path)
    {
        var errors = new List<ConfigError>();
        var reader = new ConfigReader(root, "", errors);
        NodeOptions options = BindNode(reader.ObjectOrEmpty("fa"));
        reader.RejectUnknown();
        CheckTogether(options, path, errors);

        return errors.Count == 0
            ? options
            : throw new ConfigException([.. errors
                .OrderBy(static e => e.Position.File, StringComparer.Ordinal)
                .ThenBy(static e => e.Position.Line)
                .ThenBy(static e => e.Position.Column)]);
    }

    private static void CheckTogether(NodeOptions options, string path, List<ConfigError> errors)
    {
        var file = new ConfigPosition(path, 1, 1);
        if (options.Log == "kafka" && options.Kafka.BootstrapServers is null)
        {
            errors.Add(new ConfigError(
                file, "fa.kafka.bootstrap-servers is missing, fa.log = kafka needs it", "write bootstrap-servers = \"host:9092\""));
        }

        if (options.Log == "embedded" && options.Store == "postgres")
        {
            errors.Add(new ConfigError(
                file, "fa.store = postgres goes with fa.log = kafka: an embedded log lies in one node's directory, and state elsewhere would be ahead of it when that is lost", "write log = kafka, or store = sqlite"));
        }

        if (options.Ownership == "lease" && options.Store != "postgres")
        {
            errors.Add(new ConfigError(file, "fa.ownership = lease needs fa.store = postgres, where the leases are", "write store = postgres, or ownership = group"));
        }
    }

    private static HoconOptions OverReference() => new() { Fallbacks = [HoconParser.ReadText(ReferenceText, ReferenceName)] };

    private static NodeOptions BindNode(ConfigReader reader)
    {
        var defaults = new NodeOptions();
        var options = new NodeOptions
        {
            Definitions = PathOf(reader.Optional("definitions")),
            Name = reader.OptionalString("name"),
            DataDirectory = PathOf(reader.Optional("data-directory")) ?? defaults.DataDirectory,
            Roles = BindRoles(reader) ?? defaults.Roles,
            StartupTimeout = Duration(reader, "startup-timeout", defaults.StartupTimeout, 1_000, Hours(1)),
            WarmUp = Duration(reader, "warm-up", defaults.WarmUp, 0, Hours(1)),
            StopTimeout = Duration(reader, "stop-timeout", defaults.StopTimeout, 0, 600_000),
            MemoryBudget = reader.SizeOr("memory-budget", defaults.MemoryBudget, 16 * 1024 * 1024),
            PassivateAfter = Duration(reader, "passivate-after", defaults.PassivateAfter, 1_000, Hours(24 * 30)),
            LogLevel = reader.WordOr("log-level", defaults.LogLevel, LevelWords),
            LogFormat = reader.WordOr("log-format", defaults.LogFormat, FormatWords),
            Log = reader.WordOr("log", defaults.Log, LogWords),
            Store = reader.WordOr("store", defaults.Store, StoreWords),
            Ownership = reader.WordOr("ownership", defaults.Ownership, OwnershipWords),
            WriteFormat = reader.IntOr("write-format", defaults.WriteFormat, StoredFormat.Oldest, StoredFormat.Newest),
            Kafka = BindKafka(reader.ObjectOrEmpty("kafka")),
            Redis = BindRedis(reader.ObjectOrEmpty("redis")),
            Postgres = BindPostgres(reader.ObjectOrEmpty("postgres")),
            Lease = BindLease(reader.ObjectOrEmpty("lease")),
            Checkpoints = BindCheckpoints(reader.ObjectOrEmpty("checkpoints")),
            Publish = BindPublish(reader.ObjectOrEmpty("publish")),
            Ingest = BindIngest(reader.ObjectOrEmpty("ingest")),
            Http = BindHttp(reader.ObjectOrEmpty("http")),
            Otlp = BindOtlp(reader.ObjectOrEmpty("otlp")),
            Plugins = BindPlugins(reader.ObjectOrEmpty("plugins")),
            Sink = BindSink(reader.ObjectOrEmpty("sink")),
            DeadLetters = BindDeadLetters(reader.ObjectOrEmpty("dead-letters")),
            Sources = BindSources(reader.ObjectOrEmpty("sources")),
        };
        if (options.Roles.Contains("api") && !options.Http.Enabled)
        {
            reader.Optional("roles")!.Error("the role 'api' answers over HTTP, which is off", "write fa.http.enabled = true");
        }

        reader.RejectUnknown();
        return options;
    }

    private static List<string>? BindRoles(ConfigReader reader)
    {
        if (reader.OptionalArray("roles") is not { } items)
        {
            return null;
        }

        var roles = new List<string>();
        foreach (ConfigValue item in items)
        {
            if (item.AsWord(RoleWords) is { } role && !roles.Contains(role))
            {
                roles.Add(role);
            }
        }

        if (items.Count == 0)
        {
            reader.Optional("roles")!.Error("a node without a role does nothing", "write roles = [ingest, shard]");
        }

        return roles;
    }

    private static CheckpointsSection BindCheckpoints(ConfigReader reader)
    {
        var defaults = new CheckpointsSection();
        var section = new CheckpointsSection
        {
            Interval = Duration(reader, "interval", defaults.Interval, 100, Hours(1)),
            Bytes = reader.SizeOr("bytes", defaults.Bytes, 64 * 1024),
            Concurrent = reader.IntOr("concurrent", defaults.Concurrent, 1, 64),
        };
        reader.RejectUnknown();
        return section;
    }

    private static PublishSection BindPublish(ConfigReader reader)
    {
        var defaults = new PublishSection();
        var section = new PublishSection
        {
            SweepInterval = Duration(reader, "sweep-interval", defaults.SweepInterval, 1_000, Hours(24)),
            SweepRate = reader.IntOr("sweep-rate", defaults.SweepRate, 1),
            RewriteRate = reader.IntOr("rewrite-rate", defaults.RewriteRate, 1),
            FenceCheck = Duration(reader, "fence-check", defaults.FenceCheck, 100, Hours(1)),
            RetryDelay = Duration(reader, "retry-delay", defaults.RetryDelay, 10, 60_000),
        };
        reader.RejectUnknown();
        return section;
    }

    private static IngestSection BindIngest(ConfigReader reader)
    {
        var defaults = new IngestSection();
        var section = new IngestSection
        {
            BatchBytes = (int)reader.SizeOr("batch-bytes", defaults.BatchBytes, 1024, 512 * 1024),
            Linger = Duration(reader, "linger", defaults.Linger, 0, 10_000),
            NewLanes = reader.OptionalStrings("new-lanes") ?? defaults.NewLanes,
        };
        reader.RejectUnknown();
        return section;
    }

    // What a plug-in's sink reads is judged when it is opened.
    private static SinkSection BindSink(ConfigReader reader)
    {
        string type = reader.StringOr("type", SinkSection.Redis);
        ConfigPosition position = reader.Optional("type")?.Position ?? reader.Position;
        ConfigObject settings = reader.ObjectOrEmpty("settings").Value;
        if (type != SinkSection.Redis && !type.StartsWith(CustomKinds.Prefix, StringComparison.Ordinal))
        {
            reader.Optional("type")!.Error($"'{type}' is no sink", "write redis, or \"custom:<name>\" of a plug-in");
        }
        else if (type == SinkSection.Redis && settings.Fields.Count > 0)
        {
            reader.Errors.Add(new ConfigError(
                settings.Fields[0].KeyPosition, "fa.sink.settings: the sink redis reads none", "its settings are in fa.redis"));
        }

        reader.RejectUnknown();
        return new SinkSection { Type = type, Settings = new SinkSettings(settings, position) };
    }

    private static PluginsSection BindPlugins(ConfigReader reader)
    {
        var defaults = new PluginsSection();
        var section = new PluginsSection
        {
            Folder = PathOf(reader.Optional("folder")) ?? defaults.Folder,
            CallBudget = Duration(reader, "call-budget", defaults.CallBudget, 100, 600_000),
            StuckThreadsMax = reader.IntOr("stuck-threads-max", defaults.StuckThreadsMax, 1, 64),
        };
        reader.RejectUnknown();
        return section;
    }

    private static DeadLettersSection BindDeadLetters(ConfigReader reader)
    {
        var defaults = new DeadLettersSection();
        var section = new DeadLettersSection
        {
            MaxCount = reader.IntOr("max-count", defaults.MaxCount, 1),
            MaxBytes = reader.SizeOr("max-bytes", defaults.MaxBytes, 1),
        };
        reader.RejectUnknown();
        return section;
    }

    private static Dictionary<string, SourceSection> BindSources(ConfigReader reader)
    {
        var sources = new Dictionary<string, SourceSection>(StringComparer.Ordinal);
        foreach ((ConfigField field, ConfigValue value) in reader.Entries())
        {
            if (value.AsObject() is not { } source)
            {
                continue;
            }

            string? file = PathOf(source.Required("file"));
            ConfigValue? end = source.Optional("end");
            source.RejectUnknown();
            if (file is not null)
            {
                sources[field.Key] = new SourceSection(file, TimeOf(end));
            }
        }

        return sources;
    }

    private static long? TimeOf(ConfigValue? value)
    {
        if (value?.AsString() is not { } text)
        {
            return null;
        }

        if (TimeText.TryParse(text, out long ms))
        {
            return ms;
        }

        value.Error($"'{text}' is no time", "write epoch milliseconds, or ISO 8601 in quotes: \"2011-12-09T13:00:00Z\"");
        return null;
    }

    private static string? NotEmpty(ConfigReader reader, string key)
    {
        if (reader.Optional(key) is not { } value || value.AsString() is not { } text)
        {
            return null;
        }

        if (text.Length == 0)
        {
            value.Error("must not be empty");
        }

        return text;
    }

    private static string? ExistingFile(ConfigReader reader, string key)
    {
        ConfigValue? value = reader.Optional(key);
        string? file = PathOf(value);
        if (file is not null && !File.Exists(file))
        {
            value!.Error($"there is no file {file}");
        }

        return file;
    }

    private static string? PathOf(ConfigValue? value)
    {
        if (value?.AsString() is not { } path)
        {
            return null;
        }

        if (path.Length == 0)
        {
            value.Error("must not be empty");
            return null;
        }

        // Values of the reference and of the environment have no file of their own: they are relative to the working directory.
        string? folder = value.Position.File == ReferenceName || !File.Exists(value.Position.File)
            ? null
            : Path.GetDirectoryName(value.Position.File);
        return string.IsNullOrEmpty(folder) ? path : Path.Combine(folder, path);
    }

    private static TimeSpan Duration(ConfigReader reader, string key, TimeSpan fallback, long minMs, long maxMs) =>
        TimeSpan.FromMilliseconds(reader.DurationMsOr(key, (long)fallback.TotalMilliseconds, minMs, maxMs));

    private static long Hours(int hours) => hours * 3_600_000L;

    private static string ReadReference()
    {
        using Stream stream = typeof(NodeOptionsBinder).Assembly.GetManifestResourceStream(ReferenceName)
            ?? throw new InvalidOperationException($"{ReferenceName} is not part of the program");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

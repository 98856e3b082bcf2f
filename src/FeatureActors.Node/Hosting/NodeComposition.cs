using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;
using FeatureActors.Hocon;
using FeatureActors.Kafka;
using FeatureActors.Node.Commands;
using FeatureActors.Node.Hosting.Control;
using FeatureActors.Node.Hosting.Plugins;
using FeatureActors.Node.Http;
using FeatureActors.Node.Http.Metrics;
using FeatureActors.Node.Options;
using FeatureActors.Persistence.Sql.Leases;
using FeatureActors.Persistence.Sql.Postgres;
using FeatureActors.Redis;
using FeatureActors.Runtime.Hosting;
using FeatureActors.Runtime.Ingest;
using FeatureActors.Runtime.Ownership;
using FeatureActors.Runtime.Shards;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Node.Hosting;

/// <summary>
/// A node put together from its options: definitions in force, ports on the chosen adapters, the runtime over them. Owns and
/// disposes all of it.
/// </summary>
internal sealed class NodeComposition : IAsyncDisposable
{
    private static readonly TimeSpan StartRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(10);

    private readonly NodeOptions _options;
    private readonly PluginSet _plugins;
    private readonly ConfigObject _definitions;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ILoggerFactory _loggers;
    private readonly Stack<IAsyncDisposable> _owned = new();
    private readonly Dictionary<string, EventFile> _files = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<string, IEventSource> _given;
    private KafkaConnection? _kafka;
    private readonly SwitchedOffFile _switchedOff;
    private SharedSwitches? _switches;
    private NodeRuntime? _runtime;
    private NodeHttpServer? _http;

    private NodeComposition(
        NodeOptions options, PluginSet plugins, ConfigObject definitions, TimeProvider time, ILoggerFactory loggers, IReadOnlyDictionary<string, IEventSource> given)
    {
        _given = given;
        _plugins = plugins;
        _definitions = definitions;
        _options = options;
        _time = time;
        _loggers = loggers;
        _logger = loggers.CreateLogger("FeatureActors.Node");
        _switchedOff = new SwitchedOffFile(options.DataDirectory, _logger);
        Model = plugins.Bind(definitions);
        Name = options.Name ?? string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}:{Environment.ProcessId}");
    }

    /// <summary>Name of the node.</summary>
    public string Name { get; }

    /// <summary>The definitions.</summary>
    public DefinitionsModel Model { get; }

    /// <summary>The definitions in force, compiled.</summary>
    public DefinitionsPlan Plan { get; private set; } = new([], []);

    /// <summary>What the node keeps.</summary>
    public NodeStores Stores { get; private set; } = null!;

    /// <summary>The actors.</summary>
    public NodeRuntime Runtime => _runtime ?? throw new InvalidOperationException("the node is not put together yet");

    /// <summary>Puts a node together, waiting up to <see cref="NodeOptions.StartupTimeout"/> for what it needs. Redis is not waited for.</summary>
    /// <param name="options">The options.</param>
    /// <param name="time">The node's clock.</param>
    /// <param name="loggers">Where it tells what it does.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="given">Sources that are neither files nor topics, by name: those of a demo. The node disposes them.</param>
    /// <exception cref="ConfigException">The definitions have mistakes.</exception>
    /// <exception cref="UsageException">Options and definitions do not fit, or applying the definitions would lose state.</exception>
    /// <exception cref="DependencyUnavailableException">Something stayed away.</exception>
    /// <exception cref="LogSetupException">A shard log cannot be created or does not fit.</exception>
    public static async Task<NodeComposition> BuildAsync(
        NodeOptions options,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellationToken,
        IReadOnlyDictionary<string, IEventSource>? given = null)
    {
        string definitions = options.Definitions
            ?? throw new UsageException("the configuration does not say where the definitions are: write fa.definitions = \"definitions.conf\"");
        var node = new NodeComposition(options, PluginSet.Load(options.Plugins.Folder), HoconParser.ParseFile(definitions), time, loggers, given ?? new Dictionary<string, IEventSource>());
        try
        {
            await node.BuildAsync(cancellationToken).ConfigureAwait(false);
            return node;
        }
        catch
        {
            await node.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Runs until cancelled, then drains.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Log.Runs(
            _logger, Name, Plan.Entities.Count, Plan.Entities.Sum(static e => e.Shards), Plan.Sources.Count, _options.Log,
            _options.Sink.IsRedis() ? _options.Redis.ToString() : $"sink {_options.Sink.Type}");
        using (cancellationToken.Register(static http => ((NodeHttpServer?)http)?.Drain(), _http))
        {
            await Runtime.RunAsync(cancellationToken).ConfigureAwait(false);
        }

        Log.Stopped(_logger, Name);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out IAsyncDisposable? owned))
        {
            // Everything durable is durable by now. A client that does not end, as a native one did once, must not keep the process.
            Task closing = Task.Run(() => owned.DisposeAsync().AsTask());
            try
            {
                await closing.WaitAsync(CloseTimeout, _time).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                Log.CloseTookTooLong(_logger, owned.GetType().Name, CloseTimeout);
            }
        }
    }

    /// <summary>The Kafka client's settings.</summary>
    /// <exception cref="UsageException">There is no broker to ask, or the settings have mistakes.</exception>
    public static KafkaOptions KafkaOptionsOf(KafkaSection section)
    {
        var options = new KafkaOptions
        {
            BootstrapServers = section.BootstrapServers ?? throw new UsageException("fa.kafka.bootstrap-servers is missing: write bootstrap-servers = \"host:9092\""),
            ClientId = section.ClientId,
            TopicPrefix = section.TopicPrefix,
            Properties = section.Properties,
            RequestTimeout = section.RequestTimeout,
            SessionTimeout = section.SessionTimeout,
            HeartbeatInterval = section.HeartbeatInterval,
            CloseTimeout = section.CloseTimeout,
            Linger = section.Linger,
            MessageBytesMax = section.MessageBytesMax,
            LogAheadBytes = section.LogAheadBytes,
            SourceAheadBytes = section.SourceAheadBytes,
            ChunkBytes = section.ChunkBytes,
            LogReplicationFactor = (short)section.LogReplicationFactor,
            LogRetention = section.LogRetention,
        };
        IReadOnlyList<string> errors = options.Validate();
        return errors.Count == 0 ? options : throw new UsageException("fa.kafka: " + string.Join("; ", errors));
    }

    /// <summary>The sink's settings.</summary>
    public static RedisSinkOptions RedisOptionsOf(RedisSection section) => new()
    {
        ConnectionString = string.Create(CultureInfo.InvariantCulture, $"{section.Host}:{section.Port}"),
        Password = section.Password,
        PasswordFile = section.PasswordFile,
        Database = section.Database,
        Tls = section.Tls,
        ConnectTimeout = section.ConnectTimeout,
        CommandTimeout = section.CommandTimeout,
        VerifyVersions = section.VerifyVersions,
    };

    private async Task<NodeHttpServer> StartHttpAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await NodeHttpServer.StartAsync(_options.Http, Name, _time, _loggers, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SocketException or CryptographicException)
        {
            throw new UsageException($"fa.http: cannot listen on {_options.Http}: {error.Message}; free the port, or choose another (0 takes a free one)");
        }
    }

    private async Task BuildAsync(CancellationToken cancellationToken)
    {
        if (_options.Http.Enabled)
        {
            _http = await StartHttpAsync(cancellationToken).ConfigureAwait(false);
            _owned.Push(_http);
        }

        CheckSources();
        long start = _time.GetTimestamp();
        Stores = await WaitAsync(
            () => NodeStores.OpenAsync(_options, Model.Namespace, _time, cancellationToken), start, cancellationToken).ConfigureAwait(false);
        _owned.Push(Stores);
        DefinitionsAssignment applied = await WaitAsync(
            () => AppliedDefinitions.ApplyAsync(Stores.Definitions, Model, isResetAccepted: false, _time, cancellationToken), start, cancellationToken)
            .ConfigureAwait(false);
        Log.DefinitionsInForce(_logger, Model.Namespace, applied.Snapshot.Version, applied.HasChanges ? "applied now" : "unchanged");
        Plan = PlanCompiler.Compile(Model, applied.Snapshot, CreateDecoder);
        Dictionary<string, IEventSource> sources = CreateSources();
        IShardLog log = CreateLog(out IShardOwnership ownership);
        PluginSink? custom = _options.Sink.IsRedis() ? null : OpenSink(_plugins);
        IFeatureSink sink = custom as IFeatureSink ?? new RedisFeatureSink(Model.Namespace, RedisOptionsOf(_options.Redis), _time);
        _owned.Push(sink);
        foreach (EntityPlan entity in Plan.Entities)
        {
            await WaitAsync(() => log.OpenAsync(entity.Entity, entity.Shards, cancellationToken), start, cancellationToken).ConfigureAwait(false);
        }

        var partitions = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (IEventSource source in sources.Values)
        {
            partitions[source.Source] = await WaitAsync(() => source.CountPartitionsAsync(cancellationToken), start, cancellationToken).ConfigureAwait(false);
        }

        LeaseSources(sources, partitions);

        var ports = new NodePorts
        {
            Checkpoints = Stores.Checkpoints,
            Log = log,
            Sink = sink,
            Positions = Stores.Positions,
            DeadLetters = Stores.DeadLetters,
            OlderPlans = new OlderDefinitions(Stores.Definitions, _plugins, applied.Snapshot, CreateDecoder).CompileAsync,
            Ownership = ownership,
            OpenRehearsal = Stores.Rehearsal(Leases is null ? null : LeaseOptionsOf(), custom is null ? sink : null, _time),
            Sources = sources,
            Plugins = [.. _plugins.Plugins.SelectMany(static p => p.Functions).Select(static f => f.Part), .. custom is null ? [] : new[] { custom.Part }],
            PluginsSwitched = NoteSwitches,
        };
        _runtime = new NodeRuntime(ports, RuntimeOptions(), Plan.Entities, Plan.Sources, _time, _loggers);
        _owned.Push(_runtime);
        _http?.Attach(_runtime, Model);
        if (_options.Otlp.Endpoint is not null)
        {
            var export = new OtlpExport(_options.Otlp, Name, () => _runtime.Status, _time);
            _owned.Push(new Disposing(export));
        }

        await SwitchOffAsync(_runtime, start, cancellationToken).ConfigureAwait(false);
        var host = new PluginHost(_plugins, _definitions, applied.Snapshot, Plan, _runtime, _time, _logger)
        {
            Sink = custom is null ? null : (custom, OpenSink),
        };
        _owned.Push(new ControlServer(_options.DataDirectory, host.HandleAsync, _time, _logger));
    }

    private IEventDecoder CreateDecoder(SourceDefinition source, EventDecoderOptions options) =>
        _files.TryGetValue(source.Name, out EventFile? file) ? file.CreateDecoder(options) : PlanCompiler.CreateDecoder(source, options);

    // What is off stays off: over a restart by the node's file, over nodes by the database that they share.
    private async Task SwitchOffAsync(NodeRuntime runtime, long start, CancellationToken cancellationToken)
    {
        runtime.SwitchOff(_switchedOff.Read());
        if (Stores.Postgres?.PluginSwitches is { } shared && runtime.Status.Plugins.Any())
        {
            runtime.SwitchOff(await WaitAsync(() => shared.ReadAsync(cancellationToken), start, cancellationToken).ConfigureAwait(false));
            _switches = new SharedSwitches(shared, _switchedOff, new RuntimeSwitches(runtime), _time, _logger);
            _owned.Push(_switches);
            _switches.Start();
        }
    }

    private void NoteSwitches(IReadOnlyDictionary<string, string> off)
    {
        if (_switches is { } shared)
        {
            shared.Note(off);
        }
        else
        {
            _switchedOff.Write(off);
        }
    }

    private PluginSink OpenSink(PluginSet plugins) => plugins.OpenSink(_options.Sink, Model.Namespace, _options.Plugins.CallBudget, _time);

    // What the definitions feed from must be a file that fits or a topic of a known cluster.
    private void CheckSources()
    {
        foreach ((string name, SourceSection section) in _options.Sources)
        {
            _files[name] = EventFile.Open(section.File, DefinitionsFile.Source(Model, name));
            _files[name].CreateDecoder(PlanCompiler.DecoderOptionsOf(Model, Model.Source(name)));
        }

        if (_options.Kafka.BootstrapServers is null
            && Model.Groups.SelectMany(static g => g.Feeds).Select(static f => f.Source).FirstOrDefault(s => !_files.ContainsKey(s) && !_given.ContainsKey(s)) is { } homeless)
        {
            throw new UsageException(
                $"source {homeless} comes from nowhere: write fa.sources.{homeless}.file = \"…\", or fa.kafka.bootstrap-servers for its topic {Model.Source(homeless).Topic}");
        }
    }

    private Dictionary<string, IEventSource> CreateSources()
    {
        var sources = new Dictionary<string, IEventSource>(StringComparer.Ordinal);
        foreach (IngestPlan plan in Plan.Sources)
        {
            IEventSource source = _given.TryGetValue(plan.Source, out IEventSource? given) ? given
                : _files.TryGetValue(plan.Source, out EventFile? file) ? new FileEventSource(plan.Source, file, _options.Sources[plan.Source].EndMs)
                : new KafkaEventSource(Kafka, Model.Namespace, plan.Source, Model.Source(plan.Source).Topic);
            sources.Add(plan.Source, source);
            _owned.Push(source);
        }

        return sources;
    }

    /// <summary>With leases, partitions of topics are leased as shards are, so that a dead node's are read again as soon.</summary>
    private void LeaseSources(Dictionary<string, IEventSource> sources, Dictionary<string, int> partitions)
    {
        IEventSource[] topics = [.. sources.Values.Where(static s => s is KafkaEventSource)];
        if (topics.Length > 0 && Leases is { } postgres)
        {
            var leased = new LeasedSources(
                postgres.CreateSourceLeases(LeaseOptionsOf(), _time, _logger), topics.ToDictionary(static t => t.Source, t => partitions[t.Source], StringComparer.Ordinal));
            _owned.Push(leased);
            foreach (IEventSource topic in topics)
            {
                sources[topic.Source] = leased.Lease(topic);
            }
        }
    }

    /// <summary>The database whose leases say what is this node's; null when Kafka's groups do, or nobody else is there.</summary>
    private PostgresStores? Leases => _options.Log == "kafka" && _options.Ownership == "lease" ? Stores.Postgres : null;

    private LeaseOptions LeaseOptionsOf() => new() { Owner = Name, Duration = _options.Lease.Duration, Renew = _options.Lease.Renew };

    private IShardLog CreateLog(out IShardOwnership ownership)
    {
        if (_options.Log == "embedded")
        {
            ownership = new StaticOwnership();
            return Stores.EmbeddedLog ?? throw new InvalidOperationException("an embedded log without a data directory");
        }

        var log = new KafkaShardLog(Kafka, Model.Namespace);
        _owned.Push(log);
        ownership = Leases is { } postgres
            ? postgres.CreateOwnership(LeaseOptionsOf(), _time, _logger)
            : new KafkaShardOwnership(Kafka, Model.Namespace);
        _owned.Push(ownership);
        return log;
    }

    private KafkaConnection Kafka
    {
        get
        {
            if (_kafka is null)
            {
                _kafka = new KafkaConnection(KafkaOptionsOf(_options.Kafka), _time, _loggers.CreateLogger<KafkaConnection>());
                _owned.Push(_kafka);
            }

            return _kafka;
        }
    }

    private sealed class Disposing(IDisposable owned) : IAsyncDisposable
    {
        public ValueTask DisposeAsync()
        {
            owned.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private NodeRuntimeOptions RuntimeOptions() => new()
    {
        NodeName = Name,
        Address = _http?.Address ?? "",
        MemoryBytes = _options.MemoryBudget,
        CheckpointsAtOnce = _options.Checkpoints.Concurrent,
        PluginCallBudget = _options.Plugins.CallBudget,
        StuckThreadsMax = _options.Plugins.StuckThreadsMax,
        StopBudget = _options.StopTimeout,
        WarmUp = _options.WarmUp,
        BatchBytes = _options.Ingest.BatchBytes,
        Linger = _options.Ingest.Linger,
        IsIngest = _options.Roles.Contains("ingest"),
        IsShard = _options.Roles.Contains("shard"),
        WriteFormat = (byte)_options.WriteFormat,
        NewLanes = new HashSet<string>(_options.Ingest.NewLanes, StringComparer.Ordinal),
        Shard = new ShardOptions
        {
            CheckpointInterval = _options.Checkpoints.Interval,
            CheckpointBytes = _options.Checkpoints.Bytes,
            PassivateAfter = _options.PassivateAfter,
            SweepInterval = _options.Publish.SweepInterval,
            SweepKeysPerSecond = _options.Publish.SweepRate,
            RewriteKeysPerSecond = _options.Publish.RewriteRate,
            FenceCheckInterval = _options.Publish.FenceCheck,
            RetryDelay = _options.Publish.RetryDelay,
        },
    };

    private async Task<T> WaitAsync<T>(Func<ValueTask<T>> open, long start, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await open().ConfigureAwait(false);
            }
            catch (DependencyUnavailableException error) when (_time.GetElapsedTime(start) < _options.StartupTimeout)
            {
                Log.StartWaits(_logger, (_options.StartupTimeout - _time.GetElapsedTime(start)).TotalSeconds, error.Message);
                await Task.Delay(StartRetry, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }
}

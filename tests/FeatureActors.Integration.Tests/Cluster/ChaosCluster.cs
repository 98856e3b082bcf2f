using System.Globalization;
using FeatureActors.Integration.Tests.Live;
using FeatureActors.LocalServers;
using Npgsql;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>Nodes with the servers they share, and what can be done to them. One caller at a time.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);
    private static readonly TimeSpan PhasePatience = TimeSpan.FromSeconds(10);

    // What the server still works on when its client freezes is done by then.
    private static readonly TimeSpan SettlePause = TimeSpan.FromMilliseconds(20);

    private readonly Func<string, LiveNode> _newNode;
    private readonly List<LiveNode> _all = [];
    private readonly List<LiveNode> _running = [];
    private readonly NpgsqlDataSource _activity;

    public ChaosCluster(
        Func<string, LiveNode> newNode, ShardTable table, LiveRedis redis, KafkaServer broker, PostgresServer database, RedisServer redisServer, VersionWatcher watcher, ChaosEvents load)
    {
        _newNode = newNode;
        Table = table;
        Redis = redis;
        Broker = broker;
        Database = database;
        RedisServer = redisServer;
        Watcher = watcher;
        Load = load;
        _activity = NpgsqlDataSource.Create(database.ConnectionString + ";Timeout=5;Command Timeout=5;Pooling=false");
    }

    public ShardTable Table { get; }

    public LiveRedis Redis { get; }

    public KafkaServer Broker { get; }

    public PostgresServer Database { get; }

    public RedisServer RedisServer { get; }

    public VersionWatcher Watcher { get; }

    /// <summary>Tells events meanwhile; how long something lasts is measured by it.</summary>
    public ChaosEvents Load { get; }

    /// <summary>All that ever ran.</summary>
    public IReadOnlyList<LiveNode> All => _all;

    /// <summary>Those that run now.</summary>
    public IReadOnlyList<LiveNode> Running => _running;

    /// <summary>Seconds from each kill or freeze until others owned all shards.</summary>
    public List<double> TakeOvers { get; } = [];

    /// <summary>What the nodes were refused: by the feature store and by the checkpoint store.</summary>
    public (int Sink, int Store) Refusals
    {
        get
        {
            string[] lines = [.. _all.SelectMany(RefusalsOf)];
            int sink = lines.Count(static l => l.Contains("feature store", StringComparison.Ordinal));
            return (sink, lines.Length - sink);
        }
    }

    /// <summary>Milliseconds that shards stood still in planned moves, in rising order.</summary>
    public long[] MovePausesMs => ShardMoves.PausesMs(_all.Select(static n => n.Output));

    /// <summary>Starts nodes until so many run, or stops some in order.</summary>
    public async Task ScaleAsync(int count)
    {
        while (_running.Count < count)
        {
            LiveNode? idle = _all.FirstOrDefault(n => !_running.Contains(n));
            if (idle is null)
            {
                idle = _newNode(string.Create(CultureInfo.InvariantCulture, $"node-{_all.Count + 1}"));
                _all.Add(idle);
            }

            await idle.StartAsync();
            _running.Add(idle);
        }

        while (_running.Count > count)
        {
            LiveNode last = _running[^1];
            _running.RemoveAt(_running.Count - 1);
            await last.StopAsync();
        }

        await SettleAsync($"{count} nodes share the shards");
    }

    /// <summary>Waits until the running nodes own all shards, each some, and values come to Redis.</summary>
    public async Task SettleAsync(string phase)
    {
        await OwnedAsync(phase, _running);
        long? before = null;
        await Eventually.NothingDiffersAsync(
            $"{phase}: values come to Redis",
            Patience,
            async () =>
            {
                long now = (await Redis.ProgressAsync()).NextOffsets;
                before ??= now;
                return now > before ? null : $"no fence moves\n{Tails()}";
            });
    }

    public async Task KillAsync(LiveNode node, TimeSpan pause)
    {
        await node.KillAsync();
        await TakenOverAsync($"{node.Name} was killed", node);
        await Load.GoOnAsync(pause);
        await node.StartAsync();
        await SettleAsync($"{node.Name} is back after a kill");
    }

    /// <summary>Freezes a node, in a phase of a checkpoint if one is given, until others own its shards; then lets it go on.</summary>
    public async Task<Freeze> FreezeAsync(LiveNode node, CheckpointPhase? phase)
    {
        int refusals = RefusalsOf(node).Count();
        bool isPhaseMet = phase is not null && await MeetAsync(node, phase);
        if (!isPhaseMet)
        {
            node.Freeze();
        }

        long start = TimeProvider.System.GetTimestamp();
        TimeSpan length;
        try
        {
            await TakenOverAsync($"{node.Name} was frozen", node);

            // A lease may have been old already; the session of the sources is not over before this.
            TimeSpan left = LiveNode.SessionTimeout - TimeProvider.System.GetElapsedTime(start);
            await Load.GoOnAsync(left > TimeSpan.Zero ? left + SettlePause : SettlePause);
        }
        finally
        {
            length = TimeProvider.System.GetElapsedTime(start);
            node.Thaw();
        }

        await SettleAsync($"{node.Name} goes on after it was frozen");
        return new Freeze(length, phase, isPhaseMet, RefusalsOf(node).Count() - refusals);
    }

    public async Task RollAsync()
    {
        foreach (LiveNode node in _running.ToList())
        {
            await node.StopAsync();
            await node.StartAsync();
            await SettleAsync($"{node.Name} is back after a restart");
        }
    }

    /// <summary>What each node said last.</summary>
    public string Tails() => string.Join("\n\n", _all.Select(static n => $"{n.Name}: {n.Tail()}"));

    public async Task StopAsync()
    {
        await Task.WhenAll(_running.Select(static n => n.StopAsync()));
        _running.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (LiveNode node in _all)
        {
            await node.DisposeAsync();
        }

        await _activity.DisposeAsync();
    }

    private async Task TakenOverAsync(string phase, LiveNode gone)
    {
        long start = TimeProvider.System.GetTimestamp();
        if (_running.Count > 1)
        {
            await OwnedAsync($"{phase}: the others take over", [.. _running.Where(n => n != gone)]);
            TakeOvers.Add(TimeProvider.System.GetElapsedTime(start).TotalSeconds);
        }
    }

    private Task OwnedAsync(string phase, IReadOnlyCollection<LiveNode> nodes) => Eventually.NothingDiffersAsync(
        phase, Patience,
        async () => await Table.DifferenceAsync(ChaosDefinitions.Shards.Values.Sum(), [.. nodes.Select(static n => n.Name)]) is { } text ? $"{text}\n{Tails()}" : null);

    private static IEnumerable<string> RefusalsOf(LiveNode node) =>
        node.Output.Split('\n').Where(static l => l.Contains("-> Fenced", StringComparison.Ordinal));

    /// <summary>
    /// Freezes a node in a phase of a checkpoint and looks whether it is held there; else it goes on, and the next checkpoint is tried.
    /// False leaves it running.
    /// </summary>
    private async Task<bool> MeetAsync(LiveNode node, CheckpointPhase phase)
    {
        long start = TimeProvider.System.GetTimestamp();
        await using NpgsqlConnection connection = await _activity.OpenConnectionAsync();
        await using NpgsqlCommand reached = await LookAsync(connection, node, phase.Reached);
        await using NpgsqlCommand held = await LookAsync(connection, node, phase.Held);
        while (TimeProvider.System.GetElapsedTime(start) < PhasePatience)
        {
            if (await reached.ExecuteScalarAsync() is not true)
            {
                continue;
            }

            node.Freeze();
            await Load.GoOnAsync(SettlePause);
            if (await held.ExecuteScalarAsync() is true)
            {
                return true;
            }

            node.Thaw();
        }

        return false;
    }

    private static async Task<NpgsqlCommand> LookAsync(NpgsqlConnection connection, LiveNode node, string condition)
    {
        var look = new NpgsqlCommand($"SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND {condition})", connection);
        look.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "feature-actors " + node.Name });
        await look.PrepareAsync();
        return look;
    }
}

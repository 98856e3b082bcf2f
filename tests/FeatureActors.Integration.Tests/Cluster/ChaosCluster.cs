using System.Globalization;
using FeatureActors.Integration.Tests.Live;
using FeatureActors.LocalServers;
using Npgsql;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>Nodes with the servers they share, and what can be done to them. One caller at a time.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan PhasePatience = TimeSpan.FromSeconds(8);

    private readonly Func<string, LiveNode> _newNode;
    private readonly List<LiveNode> _all = [];
    private readonly List<LiveNode> _running = [];
    private readonly NpgsqlDataSource _activity;

    public ChaosCluster(
        Func<string, LiveNode> newNode, ShardTable table, LiveRedis redis, KafkaServer broker, PostgresServer database, RedisServer redisServer, VersionWatcher watcher)
    {
        _newNode = newNode;
        Table = table;
        Redis = redis;
        Broker = broker;
        Database = database;
        RedisServer = redisServer;
        Watcher = watcher;
        _activity = NpgsqlDataSource.Create(database.ConnectionString + ";Timeout=5;Command Timeout=5;Pooling=false");
    }

    public ShardTable Table { get; }

    public LiveRedis Redis { get; }

    public KafkaServer Broker { get; }

    public PostgresServer Database { get; }

    public RedisServer RedisServer { get; }

    public VersionWatcher Watcher { get; }

    /// <summary>All that ever ran.</summary>
    public IReadOnlyList<LiveNode> All => _all;

    /// <summary>Those that run now.</summary>
    public IReadOnlyList<LiveNode> Running => _running;

    /// <summary>Seconds from each kill or freeze until others owned all shards.</summary>
    public List<double> TakeOvers { get; } = [];

    /// <summary>Times that a phase of a checkpoint was wanted and not met, so the node was frozen wherever it was.</summary>
    public int PhasesMissed { get; private set; }

    /// <summary>What the nodes were refused: by the feature store and by the checkpoint store.</summary>
    public (int Sink, int Store) Refusals
    {
        get
        {
            string[] lines = [.. _all.SelectMany(static n => n.Output.Split('\n')).Where(static l => l.Contains("-> Fenced", StringComparison.Ordinal))];
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
        (long before, _, _) = await Redis.ProgressAsync();
        await Eventually.NothingDiffersAsync(
            $"{phase}: values come to Redis", Patience, async () => (await Redis.ProgressAsync()).NextOffsets > before ? null : $"no fence moves\n{Tails()}");
    }

    public async Task KillAsync(LiveNode node, TimeSpan pause)
    {
        await node.KillAsync();
        await TakenOverAsync($"{node.Name} was killed", node);
        await Task.Delay(pause, TimeProvider.System);
        await node.StartAsync();
        await SettleAsync($"{node.Name} is back after a kill");
    }

    /// <summary>Freezes a node, at a phase of a checkpoint if one is given, until others own its shards; then lets it go on.</summary>
    public async Task FreezeAsync(LiveNode node, string? phase)
    {
        if (phase is not null && !await MeetAsync(node, phase))
        {
            PhasesMissed++;
        }

        node.Freeze();
        try
        {
            await TakenOverAsync($"{node.Name} was frozen", node);
        }
        finally
        {
            node.Thaw();
        }

        await SettleAsync($"{node.Name} goes on after it was frozen");
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

    /// <summary>Looks at what the server does for a node until it is in a phase of a checkpoint.</summary>
    private async Task<bool> MeetAsync(LiveNode node, string phase)
    {
        long start = TimeProvider.System.GetTimestamp();
        await using NpgsqlConnection connection = await _activity.OpenConnectionAsync();
        await using var look = new NpgsqlCommand($"SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE application_name = $1 AND {phase})", connection);
        look.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "feature-actors " + node.Name });
        await look.PrepareAsync();
        while (TimeProvider.System.GetElapsedTime(start) < PhasePatience)
        {
            if (await look.ExecuteScalarAsync() is true)
            {
                return true;
            }
        }

        return false;
    }
}

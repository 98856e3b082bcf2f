using System.Globalization;
using FeatureActors.Benchmarks.Nodes;
using FeatureActors.Benchmarks.Streams;
using FeatureActors.Core.Sharding;
using FeatureActors.LocalServers;
using Npgsql;

namespace FeatureActors.Benchmarks.TakeOver;

/// <summary>
/// Nodes of one namespace over servers they share, and a steady load of events.
/// </summary>
internal sealed class NodeCluster : IAsyncDisposable
{
    private const int SourcePartitions = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan SeedPatience = TimeSpan.FromMinutes(15);

    private readonly NodeClusterOptions _options;
    private readonly Preloaded _servers;
    private readonly PostgresServer _postgres;
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fa-bench-");
    private readonly NpgsqlDataSource _table;
    private readonly CancellationTokenSource _quiet = new();
    private readonly List<ClusterNode> _nodes = [];
    private readonly int[] _written;
    private ClusterNode? _ingest;
    private Task _load = Task.CompletedTask;

    private NodeCluster(NodeClusterOptions options, Preloaded servers, PostgresServer postgres)
    {
        _options = options;
        _servers = servers;
        _postgres = postgres;
        _written = new int[options.Keys];
        _table = NpgsqlDataSource.Create(postgres.ConnectionString + ";Pooling=false");
    }

    /// <summary>Owners of shards, running or not, in the order in which they first started.</summary>
    public IReadOnlyList<ClusterNode> Nodes => _nodes;

    /// <summary>Starts the node that ingests, where it is one of its own, and two that own shards.</summary>
    public static async Task<NodeCluster> StartAsync(NodeClusterOptions options, Preloaded servers, PostgresServer postgres)
    {
        var cluster = new NodeCluster(options, servers, postgres);
        await servers.CreateAsync(options.Namespace, SourcePartitions).ConfigureAwait(false);
        await servers.CreateAsync($"fa.{options.Namespace}.{Profile.Entity}", options.Shards).ConfigureAwait(false);
        await File.WriteAllTextAsync(
            Path.Combine(cluster._folder.FullName, "definitions.conf"),
            Profile.Text(new ProfileOptions(Profile.Simple)
            {
                Namespace = options.Namespace,
                Topic = options.Namespace,
                Shards = options.Shards,
                Trigger = "{ on = update, coalesce = 200ms }",
            })).ConfigureAwait(false);
        if (!options.AllIngest)
        {
            cluster._ingest = cluster.Create("ingest", "ingest");
            await cluster._ingest.StartAsync().ConfigureAwait(false);
        }

        await cluster.AddAsync().ConfigureAwait(false);
        await cluster.AddAsync().ConfigureAwait(false);
        await cluster.SettleAsync(cluster._nodes).ConfigureAwait(false);
        return cluster;
    }

    /// <summary>Begins to measure what the waits of a move take without one.</summary>
    public ControlMove StartControl() => new(_servers, _postgres, _options.Namespace, _options.Shards);

    /// <summary>Starts the load; it goes on until the end.</summary>
    public void StartLoad()
    {
        var stream = new EventStream(_options.Keys, isUniform: false);
        _load = Task.Run(() => _servers.WriteAsync(
            _options.Namespace, stream, long.MaxValue, TimeSpan.Zero, _options.Rate, key => _written[key]++, _quiet.Token));
    }

    /// <summary>How many events of each key were written.</summary>
    public int[] Written()
    {
        if (_load.IsFaulted)
        {
            throw new InvalidOperationException("the load broke", _load.Exception);
        }

        return [.. _written];
    }

    /// <summary>Numbers of the load's keys that are in a shard.</summary>
    public int[] KeysOf(int partition) => [.. Enumerable.Range(0, _options.Keys).Where(k => PartitionOf(k) == partition)];

    /// <summary>Fills a shard's table up with keys that the load does not touch, by events of theirs.</summary>
    public async Task SeedAsync(int partition, int entities)
    {
        int seeds = Math.Max(0, entities - KeysOf(partition).Length);
        IEnumerable<int> keys = Enumerable.Range(_options.Keys, 10_000_000 - _options.Keys).Where(k => PartitionOf(k) == partition)
            .Take(seeds);
        await _servers.WriteKeysAsync(_options.Namespace, new EventStream(_options.Keys, isUniform: true), keys).ConfigureAwait(false);
        await UntilAsync(
            "the seed is in the table", SeedPatience,
            async () => await CountEntitiesAsync(partition).ConfigureAwait(false) >= seeds * 0.999).ConfigureAwait(false);
    }

    /// <summary>Rows of a shard's entities.</summary>
    public async Task<long> CountEntitiesAsync(int partition)
    {
        NpgsqlCommand command = _table.CreateCommand($"SELECT entity_count FROM \"fa_{_options.Namespace}\".shards WHERE partition = {partition}");
        await using (command.ConfigureAwait(false))
        {
            return (long?)await command.ExecuteScalarAsync().ConfigureAwait(false) ?? 0;
        }
    }

    /// <summary>Adds a node and starts it.</summary>
    public async Task<ClusterNode> AddAsync()
    {
        ClusterNode node = Create(string.Create(CultureInfo.InvariantCulture, $"node-{_nodes.Count + 1}"), _options.AllIngest ? "ingest, shard" : "shard");
        _nodes.Add(node);
        await node.StartAsync().ConfigureAwait(false);
        return node;
    }

    /// <summary>Who owns a shard, by the table.</summary>
    public async Task<ClusterNode> OwnerOfAsync(int partition)
    {
        IReadOnlyDictionary<int, string> owners = await OwnersAsync().ConfigureAwait(false);
        return _nodes.First(n => n.Name == owners[partition]);
    }

    /// <summary>Waits until these nodes own all shards, each its share, and all run.</summary>
    public async Task SettleAsync(IReadOnlyCollection<ClusterNode> nodes)
    {
        await UntilAsync("shards have spread", Patience, async () =>
        {
            var owned = (await OwnersAsync().ConfigureAwait(false)).Values.CountBy(static o => o).ToDictionary();
            return owned.Values.Sum() == _options.Shards && owned.Count == nodes.Count
                && nodes.All(n => owned.GetValueOrDefault(n.Name) - (_options.Shards / nodes.Count) is 0 or 1);
        }).ConfigureAwait(false);
        await UntilAsync("all shards run", Patience, async () =>
        {
            foreach ((int partition, string owner) in await OwnersAsync().ConfigureAwait(false))
            {
                if (await nodes.First(n => n.Name == owner).LagAsync(partition).ConfigureAwait(false) is not { State: "Running", LagSeconds: < 1 })
                {
                    return false;
                }
            }

            return true;
        }).ConfigureAwait(false);
    }

    /// <summary>Waits until something holds.</summary>
    /// <exception cref="TimeoutException">It did not; the text has what the nodes said.</exception>
    public async Task UntilAsync(string what, TimeSpan patience, Func<Task<bool>> holds, int everyMs = 100)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (!await holds().ConfigureAwait(false))
        {
            if (TimeProvider.System.GetElapsedTime(start) > patience)
            {
                throw new TimeoutException($"{what}: not within {patience.TotalSeconds} s\n{string.Join("\n\n", All.Select(static n => n.Tail()))}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(everyMs), TimeProvider.System).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _quiet.CancelAsync().ConfigureAwait(false);
        await _load.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (ClusterNode node in All)
        {
            await node.DisposeAsync().ConfigureAwait(false);
        }

        await _table.DisposeAsync().ConfigureAwait(false);
        _quiet.Dispose();
        if (_options.Logs is { } logs)
        {
            Directory.CreateDirectory(logs);
            foreach (FileInfo file in _folder.GetFiles("*.log"))
            {
                file.CopyTo(Path.Combine(logs, $"{_options.Namespace}-{file.Name}"), overwrite: true);
            }
        }

        _folder.Delete(recursive: true);
    }

    private IEnumerable<ClusterNode> All => _ingest is null ? _nodes : _nodes.Append(_ingest);

    private int PartitionOf(int key) =>
        StableHash.PartitionOf(StableHash.Of(System.Text.Encoding.ASCII.GetBytes(EventStream.NameOf(key))), _options.Shards);

    private async Task<IReadOnlyDictionary<int, string>> OwnersAsync()
    {
        var owners = new Dictionary<int, string>();
        NpgsqlCommand command = _table.CreateCommand($"SELECT partition, owner FROM \"fa_{_options.Namespace}\".shards");
        await using (command.ConfigureAwait(false))
        {
            try
            {
                using NpgsqlDataReader row = await command.ExecuteReaderAsync().ConfigureAwait(false);
                while (await row.ReadAsync().ConfigureAwait(false))
                {
                    owners.Add(row.GetInt32(0), row.GetString(1));
                }
            }
            catch (NpgsqlException)
            {
                // No node has made the tables yet, or the server is too busy to answer.
            }
        }

        return owners;
    }

    private ClusterNode Create(string name, string role)
    {
        int port = FreePort.Pick();
        string file = Path.Combine(_folder.FullName, $"{name}.conf");
        string properties = string.Join(", ", KafkaServer.ClientSettings.Select(static s => $"\"{s.Key}\" = \"{s.Value}\""));
        File.WriteAllText(file, string.Create(CultureInfo.InvariantCulture, $$"""
            fa {
              definitions = "{{Path.Combine(_folder.FullName, "definitions.conf")}}"
              name = "{{name}}"
              data-directory = "{{Path.Combine(_folder.FullName, "data-" + name)}}"
              roles = [{{role}}]
              log = kafka
              store = postgres
              ownership = {{_options.Ownership}}
              kafka { bootstrap-servers = "{{_servers.Kafka.Endpoint}}", properties { {{properties}} } }
              redis { host = "127.0.0.1", port = {{_servers.Redis.Port}} }
              postgres { host = "127.0.0.1", port = {{_postgres.Port}}, database = {{PostgresServer.Database}}, user = {{PostgresServer.UserName}} }
              http { enabled = true, port = {{port}} }
            }
            """));
        return new ClusterNode(name, file, port);
    }
}

/// <summary>What runs.</summary>
/// <param name="Namespace">Namespace, and name of the source's topic.</param>
/// <param name="Ownership">group or lease; everything else is as a node has it by default.</param>
/// <param name="Shards">Shards.</param>
/// <param name="Keys">Keys of the load.</param>
/// <param name="Rate">Events a second.</param>
internal sealed record NodeClusterOptions(string Namespace, string Ownership, int Shards, int Keys, double Rate)
{
    /// <summary>True: owners of shards ingest as well. False: a node of its own does, and what is killed, started and stopped own shards only.</summary>
    public bool AllIngest { get; init; }

    /// <summary>Folder that the nodes' logs are copied to at the end, or null.</summary>
    public string? Logs { get; init; }
}

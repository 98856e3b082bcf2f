using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.LocalServers;
using StackExchange.Redis;

namespace FeatureActors.Integration.Tests.Live;

/// <summary>What a test sees of a Redis: the features of one namespace, fences and counters. Survives restarts of the server.</summary>
internal sealed class LiveRedis : IDisposable
{
    private const int PageSize = 1_000;

    // The vendor's client can stop reading without an error, with answers waiting; a read that takes longer gets a new connection.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(20);

    private readonly RedisServer _server;
    private readonly string _prefix;
    private RedisClient _connection;

    private LiveRedis(RedisClient connection, RedisServer server, string definitionsNamespace)
    {
        _connection = connection;
        _server = server;
        _prefix = $"fa:{definitionsNamespace}:";
    }

    public IDatabase Database => _connection.Database;

    public static async Task<LiveRedis> ConnectAsync(RedisServer server, string definitionsNamespace) =>
        new(await ConnectAsync(server), server, definitionsNamespace);

    /// <summary>Names of all feature keys.</summary>
    public IReadOnlyList<string> FeatureKeys() =>
        [.. _connection.Server(_server.Endpoint).Keys(pattern: _prefix + "*", pageSize: PageSize)
            .Select(static k => k.ToString()).Where(k => k[_prefix.Length] != '_').Distinct(StringComparer.Ordinal)];

    /// <summary>All features: fields by key, without <c>_v</c>, <c>_t</c> and <c>_flags</c>.</summary>
    public Task<Dictionary<string, Dictionary<string, string>>> ReadAllAsync() => AnsweredAsync(async () =>
    {
        IReadOnlyList<string> keys = FeatureKeys();
        HashEntry[][] hashes = await Task.WhenAll(keys.Select(k => Database.HashGetAllAsync(k)));
        var all = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        for (int i = 0; i < keys.Count; i++)
        {
            if (hashes[i].Length > 0)
            {
                all.Add(keys[i], hashes[i].Where(static e => !((string)e.Name!).StartsWith('_')).ToDictionary(static e => (string)e.Name!, static e => (string)e.Value!));
            }
        }

        return all;
    });

    /// <summary>Null when Redis holds exactly <paramref name="expected"/>; otherwise how many keys differ and the first differences.</summary>
    public async Task<string?> DifferenceAsync(IReadOnlyDictionary<string, Dictionary<string, string>> expected)
    {
        Dictionary<string, Dictionary<string, string>> actual = await ReadAllAsync();
        List<string> differences = [];
        foreach ((string key, Dictionary<string, string> fields) in expected)
        {
            if (!actual.Remove(key, out Dictionary<string, string>? found))
            {
                differences.Add($"{key} is missing");
            }
            else if (Difference(fields, found) is { } text)
            {
                differences.Add($"{key} {text} (version {await Database.HashGetAsync(key, "_v")})");
            }
        }

        differences.AddRange(actual.Keys.Select(static k => $"{k} should not be there"));
        return differences.Count == 0 ? null : $"{differences.Count} of {expected.Count} keys differ: {string.Join("; ", differences.Take(5))}";
    }

    /// <summary>Sum of the next offsets and largest T that the fences of all shards, or of an entity's, state: how far publishing came.</summary>
    public Task<(long NextOffsets, long ClockMs, long Epochs)> ProgressAsync(string entity = "") => AnsweredAsync(async () =>
    {
        (long offsets, long clock, long epochs) = (0, long.MinValue, 0);
        foreach (RedisKey key in _connection.Server(_server.Endpoint).Keys(pattern: $"{_prefix}_fence:{entity}*", pageSize: PageSize).ToList())
        {
            RedisValue[] fence = await Database.HashGetAsync(key, ["next_offset", "t", "epoch"]);
            offsets += (long)fence[0];
            clock = Math.Max(clock, (long)fence[1]);
            epochs += (long)fence[2];
        }

        return (offsets, clock, epochs);
    });

    /// <summary>Falling versions that the write script refused.</summary>
    public async Task<long> CountFallsAsync() => (long?)await Database.StringGetAsync(_prefix + "_falls") ?? 0;

    public void Dispose() => _connection.Dispose();

    private static Task<RedisClient> ConnectAsync(RedisServer server) => RedisClient.ConnectAsync(server, "abortConnect=false,allowAdmin=true");

    private async Task<T> AnsweredAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await Task.Run(read).WaitAsync(AnswerTimeout, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            RedisClient silent = _connection;
            _connection = await ConnectAsync(_server);
            silent.Dispose();
            throw;
        }
    }

    private static string? Difference(Dictionary<string, string> expected, Dictionary<string, string> actual)
    {
        foreach (string field in expected.Keys.Union(actual.Keys).Order(StringComparer.Ordinal))
        {
            string? wanted = expected.GetValueOrDefault(field);
            string? found = actual.GetValueOrDefault(field);
            if (wanted != found)
            {
                return $"{field}: expected {wanted ?? "nothing"}, actual {found ?? "nothing"}";
            }
        }

        return null;
    }
}

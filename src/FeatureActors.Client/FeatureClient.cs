using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Globalization;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Redis;
using StackExchange.Redis;

namespace FeatureActors.Client;

/// <summary>
/// Reads published features from Redis: any features of many keys and several groups in one round trip, nothing computed. One
/// instance serves a whole process; it reconnects by itself. Safe for concurrent calls.
/// </summary>
public sealed class FeatureClient : IAsyncDisposable
{
    /// <summary>Most keys in one read; a recommendation of thousands of candidates fits.</summary>
    public const int KeysMax = 10_000;

    private readonly FeatureClientOptions _options;
    private readonly RedisLink _link;
    private readonly ConcurrentDictionary<string, FrozenDictionary<(int Feature, int Window), string>> _schemas = new(StringComparer.Ordinal);

    private FeatureClient(FeatureClientOptions options, RedisLink link)
    {
        _options = options;
        _link = link;
    }

    /// <summary>Connects. With Redis away it returns all the same after the time-out, and reads fail until Redis is back.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public static async Task<FeatureClient> ConnectAsync(FeatureClientOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.Namespace, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.ConnectTimeout, TimeSpan.Zero, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.ReadTimeout, TimeSpan.Zero, nameof(options));
        var link = new RedisLink(
            RedisConfiguration.Build(
                options.ConnectionString, options.Password, options.PasswordFile, options.PasswordEnvironment, options.Database, options.Tls, options.ConnectTimeout),
            options.ReadTimeout,
            options.TimeProvider);
        try
        {
            await link.RunAsync("connect", static (database, _) => database.PingAsync(), 0, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is DependencyUnavailableException or RedisServerException)
        {
            // The first read says so; a server must be able to start without its features.
        }
        catch
        {
            await link.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        return new FeatureClient(options, link);
    }

    /// <summary>Says which features of a group to read. Keep the result: it is made once.</summary>
    /// <param name="group">Group as in the definitions.</param>
    /// <param name="features">Fields as <c>feature:window</c> or <c>feature</c>; none to read all.</param>
    /// <exception cref="ArgumentException">A name is given twice.</exception>
    public FeatureQuery Prepare(string group, params string[] features)
    {
        ArgumentException.ThrowIfNullOrEmpty(group);
        ArgumentNullException.ThrowIfNull(features);
        return new FeatureQuery(_options.Namespace, group, [.. features]);
    }

    /// <summary>Reads one entity.</summary>
    /// <param name="query">What to read.</param>
    /// <param name="key">The raw key; for a composite key use <see cref="FeatureRequest.For"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DependencyUnavailableException">Redis did not answer in time, or answered with an error.</exception>
    public async ValueTask<FeatureRow> ReadAsync(FeatureQuery query, string key, CancellationToken cancellationToken = default)
    {
        IReadOnlyList<FeatureRow> rows = await ReadAsync([FeatureRequest.For(query, key)], cancellationToken).ConfigureAwait(false);
        return rows[0];
    }

    /// <summary>Reads many entities of one group in one round trip.</summary>
    /// <param name="query">What to read.</param>
    /// <param name="keys">The raw keys, at most <see cref="KeysMax"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>One row per key, in the same order; absent keys have rows too.</returns>
    /// <exception cref="DependencyUnavailableException">Redis did not answer in time, or answered with an error.</exception>
    public ValueTask<IReadOnlyList<FeatureRow>> ReadAsync(
        FeatureQuery query, IReadOnlyList<string> keys, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var requests = new FeatureRequest[keys.Count];
        for (int i = 0; i < requests.Length; i++)
        {
            requests[i] = FeatureRequest.For(query, keys[i]);
        }

        return ReadAsync(requests, cancellationToken);
    }

    /// <summary>Reads many entities of any groups in one round trip.</summary>
    /// <param name="requests">What to read, at most <see cref="KeysMax"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>One row per request, in the same order; absent keys have rows too.</returns>
    /// <exception cref="DependencyUnavailableException">Redis did not answer in time, or answered with an error.</exception>
    public async ValueTask<IReadOnlyList<FeatureRow>> ReadAsync(
        IReadOnlyList<FeatureRequest> requests, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(requests.Count, KeysMax, nameof(requests));
        if (requests.Count == 0)
        {
            return [];
        }

        try
        {
            Task[] answers = await _link.RunAsync("read features", SendAsync, requests, cancellationToken).ConfigureAwait(false);
            return await CollectAsync(requests, answers).ConfigureAwait(false);
        }
        catch (RedisServerException e)
        {
            throw _link.Refused("read features", e);
        }
    }

    /// <summary>Closes the connection; reads still waiting fail.</summary>
    public ValueTask DisposeAsync() => _link.DisposeAsync();

    private static async Task<Task[]> SendAsync(IDatabase database, IReadOnlyList<FeatureRequest> requests)
    {
        var answers = new Task[requests.Count];
        IBatch batch = database.CreateBatch();
        for (int i = 0; i < answers.Length; i++)
        {
            FeatureQuery query = requests[i].Query;
            RedisKey key = query.KeyPrefix + requests[i].EntityKey;
            answers[i] = query.Fields.Length > 0 ? batch.HashGetAsync(key, query.Fields) : batch.HashGetAllAsync(key);
        }

        batch.Execute();
        await Task.WhenAll(answers).ConfigureAwait(false);
        return answers;
    }

    private async Task<IReadOnlyList<FeatureRow>> CollectAsync(IReadOnlyList<FeatureRequest> requests, Task[] answers)
    {
        long now = _options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        var rows = new FeatureRow[answers.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            (FeatureQuery query, string key) = requests[i];
            if (answers[i] is Task<RedisValue[]> named)
            {
                RedisValue[] values = await named.ConfigureAwait(false);
                await UnpackAsync(query, values).ConfigureAwait(false);
                rows[i] = new FeatureRow(query, key, values, now);
            }
            else
            {
                HashEntry[] entries = await ((Task<HashEntry[]>)answers[i]).ConfigureAwait(false);
                rows[i] = new FeatureRow(query, key, await UnpackAsync(query, entries).ConfigureAwait(false), now);
            }
        }

        return rows;
    }

    /// <summary>Puts the values of the packed form where the query wants them.</summary>
    private async ValueTask UnpackAsync(FeatureQuery query, RedisValue[] values)
    {
        if ((byte[]?)values[^1] is { } packed)
        {
            PackedVector.Read(packed, await FindNamesAsync(query, packed).ConfigureAwait(false), (name, value) =>
            {
                if (query.Find(name) is >= 0 and var index)
                {
                    values[index] = value;
                }
            });
        }
    }

    private async ValueTask<HashEntry[]> UnpackAsync(FeatureQuery query, HashEntry[] entries)
    {
        if ((byte[]?)Array.Find(entries, static e => e.Name == FeatureQuery.PackedName).Value is not { } packed)
        {
            return entries;
        }

        List<HashEntry> all = [.. entries.Where(static e => e.Name != FeatureQuery.PackedName)];
        PackedVector.Read(
            packed, await FindNamesAsync(query, packed).ConfigureAwait(false), (name, value) => all.Add(new HashEntry(name, value)));
        return [.. all];
    }

    /// <summary>The names that go with a message; read once for each schema, and again while Redis does not have it.</summary>
    private async ValueTask<FrozenDictionary<(int Feature, int Window), string>> FindNamesAsync(FeatureQuery query, byte[] packed)
    {
        const string What = "read the schema of a packed group";
        uint id = PackedVector.FindSchema(packed) ?? throw new FormatException($"could not read group {query.Group}: its packed form names no schema");
        string key = string.Create(CultureInfo.InvariantCulture, $"{query.SchemaPrefix}{id:x8}");
        if (_schemas.TryGetValue(key, out FrozenDictionary<(int Feature, int Window), string>? names))
        {
            return names;
        }

        HashEntry[] schema = await _link.RunAsync(
            What, static (database, k) => database.HashGetAllAsync(k), (RedisKey)key, CancellationToken.None).ConfigureAwait(false);
        if (schema.Length == 0)
        {
            throw new FormatException($"could not read group {query.Group}: Redis has no schema {key}; the node writes it again within its next repair");
        }

        names = schema.Where(static e => !((string)e.Name!).StartsWith('_')).ToFrozenDictionary(static e => Place((string)e.Value!), static e => (string)e.Name!);
        _schemas[key] = names;
        return names;
    }

    private static (int Feature, int Window) Place(string text)
    {
        int dot = text.IndexOf('.', StringComparison.Ordinal);
        return (int.Parse(text.AsSpan(0, dot), CultureInfo.InvariantCulture), int.Parse(text.AsSpan(dot + 1), CultureInfo.InvariantCulture));
    }
}

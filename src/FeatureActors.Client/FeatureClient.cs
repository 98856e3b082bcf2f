using FeatureActors.Abstractions.Errors;
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
    private readonly ConnectionMultiplexer _connection;
    private readonly string _name;

    private FeatureClient(FeatureClientOptions options, ConnectionMultiplexer connection, string name)
    {
        _options = options;
        _connection = connection;
        _name = name;
    }

    /// <summary>Connects. With Redis away it returns all the same after the time-out, and reads fail until Redis is back.</summary>
    /// <exception cref="ArgumentException">A setting is out of range.</exception>
    public static async Task<FeatureClient> ConnectAsync(FeatureClientOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.Namespace, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.ConnectTimeout, TimeSpan.Zero, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.ReadTimeout, TimeSpan.Zero, nameof(options));
        ConfigurationOptions configuration = Configure(options);
        string name = "redis at " + string.Join(',', configuration.EndPoints.Select(Describe));
        try
        {
            // On a pool thread, because the vendor's client resolves names before its first await.
            ConnectionMultiplexer connection = await Task.Run(() => ConnectionMultiplexer.ConnectAsync(configuration), cancellationToken)
                .WaitAsync(cancellationToken).ConfigureAwait(false);
            return new FeatureClient(options, connection, name);
        }
        catch (RedisException e)
        {
            throw new DependencyUnavailableException(name, $"could not connect: {e.Message}", e);
        }
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
            var answers = new Task[requests.Count];
            IBatch batch = _connection.GetDatabase().CreateBatch();
            for (int i = 0; i < answers.Length; i++)
            {
                FeatureQuery query = requests[i].Query;
                RedisKey key = query.KeyPrefix + requests[i].EntityKey;
                answers[i] = query.Fields.Length > 0 ? batch.HashGetAsync(key, query.Fields) : batch.HashGetAllAsync(key);
            }

            batch.Execute();
            Task all = Task.WhenAll(answers);
            try
            {
                await all.WaitAsync(_options.ReadTimeout, _options.TimeProvider, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception) when (!all.IsCompleted)
            {
                // Nobody waits for them any more; their failures must not surface as unobserved.
                _ = all.ContinueWith(
                    static task => _ = task.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                throw;
            }

            return await CollectAsync(requests, answers).ConfigureAwait(false);
        }
        catch (TimeoutException e)
        {
            throw Unavailable(requests.Count, $"no answer within {_options.ReadTimeout.TotalMilliseconds:0} ms", e);
        }
        catch (RedisException e)
        {
            throw Unavailable(requests.Count, e.Message, e);
        }
    }

    /// <summary>Closes the connection; reads still waiting fail.</summary>
    public async ValueTask DisposeAsync()
    {
        await _connection.CloseAsync(allowCommandsToComplete: false).ConfigureAwait(false);
        _connection.Dispose();
    }

    private static string Describe(System.Net.EndPoint endPoint) => endPoint switch
    {
        System.Net.DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
        _ => endPoint.ToString() ?? "?",
    };

    private static ConfigurationOptions Configure(FeatureClientOptions options)
    {
        ConfigurationOptions configuration;
        try
        {
            configuration = ConfigurationOptions.Parse(options.ConnectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            // The parser's own message may quote the text, and the text may hold a password.
            throw new ArgumentException(
                "could not read the Redis connection string; write host:port, further options behind commas", nameof(options));
        }

        configuration.SetDefaultPorts();
        configuration.AbortOnConnectFail = false;
        configuration.ConnectTimeout = (int)options.ConnectTimeout.TotalMilliseconds;
        configuration.Password = options.Password ?? configuration.Password;
        configuration.DefaultDatabase = options.Database;
        configuration.Ssl |= options.Tls;
        return configuration;
    }

    private async Task<IReadOnlyList<FeatureRow>> CollectAsync(IReadOnlyList<FeatureRequest> requests, Task[] answers)
    {
        long now = _options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds();
        var rows = new FeatureRow[answers.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            (FeatureQuery query, string key) = requests[i];
            rows[i] = answers[i] is Task<RedisValue[]> values
                ? new FeatureRow(query, key, await values.ConfigureAwait(false), now)
                : new FeatureRow(query, key, await ((Task<HashEntry[]>)answers[i]).ConfigureAwait(false), now);
        }

        return rows;
    }

    private DependencyUnavailableException Unavailable(int keys, string detail, Exception innerException) =>
        new(_name, $"could not read the features of {keys} keys: {detail}", innerException);
}

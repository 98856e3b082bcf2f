using System.Diagnostics.CodeAnalysis;
using FeatureActors.Abstractions.Errors;
using StackExchange.Redis;

namespace FeatureActors.Redis;

/// <summary>
/// One connection to Redis, made at the first command and again by itself. Bounds what the vendor's client leaves open: each
/// command's time, the number of unanswered commands, and the life of a connection that answers nothing any more. Every failure
/// becomes a <see cref="DependencyUnavailableException"/>, except the server's own error replies, which the caller may know
/// how to mend. Safe for concurrent calls.
/// </summary>
internal sealed class RedisLink(ConfigurationOptions configuration, TimeSpan commandTimeout, TimeProvider timeProvider)
    : IAsyncDisposable
{
    // The publisher has one command in flight per shard; this leaves room for a node's shards and for some that timed out.
    private const int UnansweredMax = 512;

    // A connection silent over this many time-outs is given up: a peer that vanished without a word is not noticed otherwise.
    private const int SilentTimeoutsMax = 3;

    private readonly Lock _lock = new();
    private Connection? _connection;
    private bool _isDisposed;

    /// <summary>Name for messages: <c>redis at host:port</c>, without credentials.</summary>
    public string Name { get; } = "redis at " + string.Join(',', configuration.EndPoints.Select(Describe));

    /// <summary>Sends one command, or one pipeline, and waits for its answer within the command time-out.</summary>
    /// <param name="what">What it is for, as in "could not {what}".</param>
    /// <param name="send">Sends it; must not wait.</param>
    /// <param name="state">Handed to <paramref name="send"/>.</param>
    /// <param name="cancellationToken">Ends the wait; the command may still be carried out.</param>
    /// <exception cref="RedisServerException">The server answered with an error.</exception>
    /// <exception cref="DependencyUnavailableException">There was no answer.</exception>
    [SuppressMessage("Design", "CA1031", Justification = "To the caller whatever fails here is a store without an answer, which it knows how to bear.")]
    public async ValueTask<TAnswer> RunAsync<TState, TAnswer>(
        string what, Func<IDatabase, TState, Task<TAnswer>> send, TState state, CancellationToken cancellationToken)
    {
        Connection connection = Current();
        try
        {
            IDatabase database = await connection.Database
                .WaitAsync(TimeSpan.FromMilliseconds(configuration.ConnectTimeout) + commandTimeout, timeProvider, cancellationToken)
                .ConfigureAwait(false);
            Task<TAnswer> answer = SendAsync(connection, database, what, send, state);
            TAnswer result = await answer.WaitAsync(commandTimeout, timeProvider, cancellationToken).ConfigureAwait(false);
            connection.Answered(timeProvider.GetTimestamp());
            return result;
        }
        catch (RedisServerException)
        {
            connection.Answered(timeProvider.GetTimestamp());
            throw;
        }
        catch (TimeoutException e)
        {
            GiveUpIfSilent(connection);
            throw Unavailable(what, $"no answer within {commandTimeout.TotalMilliseconds:0} ms", e);
        }
        catch (Exception e) when (e is not DependencyUnavailableException && !_isDisposed)
        {
            // Who stops waits for no answer: however the command ended, it was stopped.
            cancellationToken.ThrowIfCancellationRequested();

            // Also what the vendor's client throws of its own faults, as when a connection is closed under a command.
            if (connection.Database.IsFaulted)
            {
                Replace(connection);
            }
            else
            {
                GiveUpIfSilent(connection);
            }

            throw Unavailable(what, e is RedisConnectionException ? NoConnection(e) : FirstLine(e.Message), e);
        }
    }

    /// <summary>The exception for an error reply.</summary>
    public DependencyUnavailableException Refused(string what, RedisServerException error)
    {
        string hint = error.Message switch
        {
            var m when m.StartsWith("CROSSSLOT", StringComparison.Ordinal) =>
                "; Redis Cluster is not supported yet: name a server that runs without cluster mode",
            var m when m.StartsWith("NOAUTH", StringComparison.Ordinal) || m.StartsWith("WRONGPASS", StringComparison.Ordinal) =>
                "; check the configured password",
            var m when m.StartsWith("OOM", StringComparison.Ordinal) => "; raise maxmemory or shorten windows",
            _ => "",
        };
        return Unavailable(what, FirstLine(error.Message) + hint, error);
    }

    /// <summary>The exception for a command without a usable answer.</summary>
    public DependencyUnavailableException Unavailable(string what, string detail, Exception? innerException) =>
        new(Name, $"could not {what}: {detail}", innerException);

    public async ValueTask DisposeAsync()
    {
        Connection? connection;
        lock (_lock)
        {
            _isDisposed = true;
            connection = _connection;
            _connection = null;
        }

        if (connection is not null)
        {
            await connection.CloseAsync().ConfigureAwait(false);
        }
    }

    private static string Describe(System.Net.EndPoint endPoint) => endPoint switch
    {
        System.Net.DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
        _ => endPoint.ToString() ?? "?",
    };

    // The vendor's own text is about its buffers and timers.
    private static string NoConnection(Exception error)
    {
        Exception? cause = error;
        while (cause is not null and not RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure })
        {
            cause = cause.InnerException;
        }

        return cause is null ? "no connection; check host and port, and that the server runs; check the configured password" : "no connection; check the configured password";
    }

    private static string FirstLine(string text)
    {
        int end = text.AsSpan().IndexOfAny('\r', '\n');
        return end < 0 ? text : text[..end];
    }

    private Task<TAnswer> SendAsync<TState, TAnswer>(
        Connection connection, IDatabase database, string what, Func<IDatabase, TState, Task<TAnswer>> send, TState state)
    {
        if (!connection.TryEnter(UnansweredMax))
        {
            GiveUpIfSilent(connection);
            throw Unavailable(what, $"{UnansweredMax} commands are unanswered", null);
        }

        Task<TAnswer> answer;
        try
        {
            answer = send(database, state);
        }
        catch
        {
            connection.Leave();
            throw;
        }

        // Runs also when nobody waits any more: the place is free only once the client has let go of the command.
        _ = answer.ContinueWith(
            static (task, state) =>
            {
                _ = task.Exception;
                ((Connection)state!).Leave();
            },
            connection,
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        return answer;
    }

    private Connection Current()
    {
        Connection? connection = Volatile.Read(ref _connection);
        if (connection is not null)
        {
            return connection;
        }

        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            return _connection ??= new Connection(configuration, timeProvider.GetTimestamp());
        }
    }

    private void GiveUpIfSilent(Connection connection)
    {
        if (timeProvider.GetElapsedTime(connection.LastAnswer) > commandTimeout * SilentTimeoutsMax)
        {
            Replace(connection);
        }
    }

    private void Replace(Connection connection)
    {
        lock (_lock)
        {
            if (_connection != connection)
            {
                return;
            }

            _connection = null;
        }

        _ = connection.CloseAsync();
    }

    private sealed class Connection
    {
        private readonly Task<ConnectionMultiplexer> _multiplexer;
        private int _unanswered;
        private long _lastAnswer;

        public Connection(ConfigurationOptions configuration, long now)
        {
            _lastAnswer = now;

            // On a pool thread, because the vendor's client resolves names before its first await.
            _multiplexer = Task.Run(() => ConnectionMultiplexer.ConnectAsync(configuration));
            Database = OpenAsync(_multiplexer);
        }

        public Task<IDatabase> Database { get; }

        public long LastAnswer => Volatile.Read(ref _lastAnswer);

        public void Answered(long now) => Volatile.Write(ref _lastAnswer, now);

        public bool TryEnter(int unansweredMax)
        {
            if (Interlocked.Increment(ref _unanswered) <= unansweredMax)
            {
                return true;
            }

            Leave();
            return false;
        }

        public void Leave() => Interlocked.Decrement(ref _unanswered);

        public Task CloseAsync() => Task.Run(async () =>
        {
            try
            {
                ConnectionMultiplexer multiplexer = await _multiplexer.ConfigureAwait(false);
                await multiplexer.CloseAsync(allowCommandsToComplete: false).ConfigureAwait(false);
                multiplexer.Dispose();
            }
            catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException or OperationCanceledException)
            {
                // It is being thrown away; what waits for it has been told already.
            }
        });

        private static async Task<IDatabase> OpenAsync(Task<ConnectionMultiplexer> multiplexer) =>
            (await multiplexer.ConfigureAwait(false)).GetDatabase();
    }
}

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>
/// Runs the work on one connection, one piece at a time, on the thread pool, and shares with its siblings a bound of pieces that
/// run at once. Callers never block; waiting can be cancelled, running work looks at its token between steps.
/// </summary>
/// <param name="shared">Bound of all lanes of the same kind; owned by the caller.</param>
#pragma warning disable CA1001 // The semaphore holds no handle, and disposing it would leave its waiters asleep for ever.
internal sealed class SqliteLane(SemaphoreSlim shared)
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _own = new(1, 1);
    private bool _isClosed;

    /// <summary>Runs <paramref name="work"/>.</summary>
    /// <exception cref="ObjectDisposedException">The lane was closed.</exception>
    public async Task<T> RunAsync<T>(Func<CancellationToken, T> work, CancellationToken cancellationToken)
    {
        await _own.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(SqliteStores));
            await shared.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                // Once started the work must end before the caller goes on, for it reads the caller's memory.
                return await Task.Run(() => work(cancellationToken), CancellationToken.None).ConfigureAwait(false);
            }
            finally
            {
                shared.Release();
            }
        }
        finally
        {
            _own.Release();
        }
    }

    /// <summary>Waits for running work, then runs <paramref name="close"/>; later work is refused. Repeating it does nothing.</summary>
    public async Task CloseAsync(Action close)
    {
        await _own.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        try
        {
            if (!_isClosed)
            {
                _isClosed = true;
                await Task.Run(close, CancellationToken.None).ConfigureAwait(false);
            }
        }
        finally
        {
            _own.Release();
        }
    }
}

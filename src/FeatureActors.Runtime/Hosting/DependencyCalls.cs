using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Runtime.Hosting;

/// <summary>
/// Calls to what a node depends on, made again while it is away. That it stays away is worth a line now and then, not one for each
/// attempt. Safe for concurrent calls.
/// </summary>
/// <param name="time">Measures pauses.</param>
/// <param name="say">Takes the error of a failed attempt.</param>
internal sealed class DependencyCalls(TimeProvider time, Action<string> say)
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(10);

    private long _saidAt;

    /// <summary>Calls until there is an answer.</summary>
    public async Task<T> AnsweredAsync<T>(Func<CancellationToken, ValueTask<T>> call, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                return await call(cancellationToken).ConfigureAwait(false);
            }
            catch (FeatureActorsException error) when (error.IsTransient)
            {
                Say(error);
                await PauseAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Waits before the next attempt.</summary>
    public Task PauseAsync(CancellationToken cancellationToken) => Task.Delay(Retry, time, cancellationToken);

    /// <summary>Says why a call is made again, unless that was said a moment ago.</summary>
    public void Say(FeatureActorsException error)
    {
        long now = time.GetTimestamp();
        long last = Interlocked.Read(ref _saidAt);
        if ((last == 0 || time.GetElapsedTime(last, now) > ReportInterval) && Interlocked.CompareExchange(ref _saidAt, now, last) == last)
        {
            say(error.Message);
        }
    }
}

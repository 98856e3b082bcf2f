using System.Collections.Concurrent;
using System.Threading.Channels;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Runtime.Hosting;

/// <summary>
/// Writes dead letters behind the actors' backs, in order, and answers when those handed in so far are kept. Bounded: who adds
/// to a full queue waits.
/// </summary>
internal sealed class DeadLetterWriter(IDeadLetterStore store, TimeProvider time, ILogger logger)
{
    private const int QueueMax = 4096;
    private const int WriteMax = 500;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    // A topic in a wrong format would fill the log otherwise; the letters have each event's own error.
    private static readonly TimeSpan NoticeEvery = TimeSpan.FromMinutes(1);

    private readonly Channel<object> _queue = Channel.CreateBounded<object>(
        new BoundedChannelOptions(QueueMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private long _unsaid;
    private long? _saidAt;

    /// <summary>Letters handed in, by reason.</summary>
    public ConcurrentDictionary<string, long> Counts { get; } = new(StringComparer.Ordinal);

    /// <summary>Hands a letter in.</summary>
    public ValueTask AddAsync(DeadLetter letter, CancellationToken cancellationToken)
    {
        Counts.AddOrUpdate(letter.Reason, 1, static (_, count) => count + 1);
        return _queue.Writer.WriteAsync(letter, cancellationToken);
    }

    /// <summary>Ends when everything handed in before is kept.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _queue.Writer.WriteAsync(done, cancellationToken).ConfigureAwait(false);
        await done.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var letters = new List<DeadLetter>();
        var waiters = new List<TaskCompletionSource>();
        while (await _queue.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            while (letters.Count < WriteMax && _queue.Reader.TryRead(out object? item))
            {
                if (item is DeadLetter letter)
                {
                    letters.Add(letter);
                }
                else
                {
                    waiters.Add((TaskCompletionSource)item);
                }
            }

            await WriteAsync(letters, cancellationToken).ConfigureAwait(false);
            letters.Clear();
            waiters.ForEach(static w => w.TrySetResult());
            waiters.Clear();
        }
    }

    private async Task WriteAsync(List<DeadLetter> letters, CancellationToken cancellationToken)
    {
        while (letters.Count > 0)
        {
            try
            {
                await store.AddAsync(letters, cancellationToken).ConfigureAwait(false);
                Notice(letters);
                return;
            }
            catch (FeatureActorsException error) when (error.IsTransient)
            {
                Log.DeadLettersWait(logger, letters.Count, error.Message);
                await Task.Delay(Retry, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private void Notice(List<DeadLetter> letters)
    {
        _unsaid += letters.Count;
        if (_saidAt is { } at && time.GetElapsedTime(at) < NoticeEvery)
        {
            return;
        }

        Log.DeadLettersKept(logger, _unsaid, letters[^1].Reason);
        _unsaid = 0;
        _saidAt = time.GetTimestamp();
    }
}

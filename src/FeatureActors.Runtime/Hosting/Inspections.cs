using System.Collections.Concurrent;

namespace FeatureActors.Runtime.Hosting;

/// <summary>Reads of entities from outside that wait for their shard's answer. Safe for concurrent use.</summary>
internal sealed class Inspections
{
    // More would be refused anyway once their callers gave up.
    private const int Max = 256;

    private readonly ConcurrentDictionary<long, TaskCompletionSource<byte[]?>> _waiting = new();
    private long _lastId;
    private volatile bool _isEnded;

    /// <summary>Asks with an id and waits for its answer; null when too many wait, or when the shard ends first.</summary>
    public async Task<byte[]?> AskAsync(Action<long> ask, CancellationToken cancellationToken)
    {
        if (_waiting.Count >= Max)
        {
            return null;
        }

        long id = Interlocked.Increment(ref _lastId);
        var answer = new TaskCompletionSource<byte[]?>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[id] = answer;
        try
        {
            if (_isEnded)
            {
                return null;
            }

            ask(id);
            return await answer.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _waiting.TryRemove(id, out _);
        }
    }

    /// <summary>Hands an answer to who waits for it, if anybody still does.</summary>
    public void Answer(long id, byte[]? json)
    {
        if (_waiting.TryRemove(id, out TaskCompletionSource<byte[]?>? answer))
        {
            answer.TrySetResult(json);
        }
    }

    /// <summary>Answers null to all that wait and will ask.</summary>
    public void End()
    {
        _isEnded = true;
        foreach (TaskCompletionSource<byte[]?> answer in _waiting.Values)
        {
            answer.TrySetResult(null);
        }
    }
}

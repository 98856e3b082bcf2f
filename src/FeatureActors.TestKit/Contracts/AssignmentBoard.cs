namespace FeatureActors.TestKit.Contracts;

/// <summary>Who holds what, as members of a test see it; a test waits on it for a state.</summary>
/// <typeparam name="T">What is assigned.</typeparam>
internal sealed class AssignmentBoard<T>
    where T : notnull
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, HashSet<T>> _held = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Set(string member, T partition, bool isAssigned)
    {
        lock (_lock)
        {
            if (!_held.TryGetValue(member, out var held))
            {
                _held[member] = held = [];
            }

            _ = isAssigned ? held.Add(partition) : held.Remove(partition);
            _changed.SetResult();
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public HashSet<T> HeldBy(string member)
    {
        lock (_lock)
        {
            return _held.TryGetValue(member, out var held) ? [.. held] : [];
        }
    }

    public async Task WaitUntilAsync(string phase, Func<AssignmentBoard<T>, bool> reached, TimeSpan patience)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (reached(this))
                {
                    return;
                }

                changed = _changed.Task;
            }

            try
            {
                var left = patience - TimeProvider.System.GetElapsedTime(start);
                await changed.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero).ConfigureAwait(false);
            }
            catch (TimeoutException exception)
            {
                string held;
                lock (_lock)
                {
                    held = string.Join("; ", _held.Select(member => $"{member.Key}: {string.Join(' ', member.Value)}"));
                }

                throw new TimeoutException($"{phase}: not reached within {patience}; held: {held}", exception);
            }
        }
    }
}

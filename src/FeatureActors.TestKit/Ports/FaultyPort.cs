using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.TestKit.Faults;

namespace FeatureActors.TestKit.Ports;

/// <summary>
/// What the in-memory ports share: each call runs under one lock on the caller's thread and ends before it returns, so a
/// simulation stays deterministic; a hook may make it fail before or after its effect.
/// </summary>
/// <param name="dependency">Name in error messages.</param>
public abstract class FaultyPort(string dependency)
{
    private readonly Lock _lock = new();

    /// <summary>Asked before each call; null: nothing fails.</summary>
    public PortFaultHook? Fault { get; set; }

    /// <summary>Runs one call.</summary>
    /// <param name="operation">The port's method.</param>
    /// <param name="shard">Its shard, or null.</param>
    /// <param name="call">The work; runs under the lock.</param>
    /// <param name="cancellationToken">Checked before the work.</param>
    /// <exception cref="DependencyUnavailableException">The hook asked for it.</exception>
    private protected ValueTask<T> RunAsync<T>(string operation, ShardId? shard, Func<T> call, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<T>(cancellationToken);
        }

        try
        {
            var fault = Fault?.Invoke(operation, shard) ?? PortFault.None;
            if (fault == PortFault.FailBefore)
            {
                return ValueTask.FromException<T>(Unavailable(operation, "before"));
            }

            T result;
            lock (_lock)
            {
                result = call();
            }

            return fault == PortFault.FailAfter
                ? ValueTask.FromException<T>(Unavailable(operation, "after"))
                : ValueTask.FromResult(result);
        }
#pragma warning disable CA1031 // The exception is not swallowed: it travels in the task, as it would from an asynchronous adapter.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return ValueTask.FromException<T>(exception);
        }
    }

    /// <summary>Runs test-side access under the same lock, without faults.</summary>
    private protected T Inspect<T>(Func<T> call)
    {
        lock (_lock)
        {
            return call();
        }
    }

    private DependencyUnavailableException Unavailable(string operation, string when) =>
        new(dependency, $"could not finish {operation}: injected fault {when} its effect");
}

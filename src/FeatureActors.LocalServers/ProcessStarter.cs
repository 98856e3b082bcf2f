using System.Collections.Concurrent;
using System.Diagnostics;

namespace FeatureActors.LocalServers;

/// <summary>
/// Starts all children on one thread that lives as long as the process. The parent-death signal is tied to the thread
/// that forked: a child started on a pool thread would be killed when the pool retires that thread.
/// </summary>
internal static class ProcessStarter
{
    private static readonly Lazy<BlockingCollection<Action>> Requests = new(StartThread);

    internal static Task<Process> StartAsync(ProcessStartInfo info)
    {
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        Requests.Value.Add(() =>
        {
            try
            {
                started.SetResult(Process.Start(info)
                    ?? throw new InvalidOperationException($"could not start {info.FileName}: no new process"));
            }
            catch (Exception failure)
            {
                started.SetException(failure);
            }
        });
        return started.Task;
    }

    private static BlockingCollection<Action> StartThread()
    {
        // Bounded only by the servers a process starts: a handful.
        var requests = new BlockingCollection<Action>();
        var thread = new Thread(() =>
        {
            foreach (Action request in requests.GetConsumingEnumerable())
            {
                request();
            }
        })
        {
            IsBackground = true,
            Name = "local-server-starter",
        };
        thread.Start();
        return requests;
    }
}

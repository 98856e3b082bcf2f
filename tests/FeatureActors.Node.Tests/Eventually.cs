namespace FeatureActors.Node.Tests;

/// <summary>Waits for what a node of this process does on its own threads, by looking again and again.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    /// <summary>Returns when <paramref name="condition"/> holds; fails when it does not in time, or when the node ends before.</summary>
    /// <param name="condition">Looks once.</param>
    /// <param name="what">What is waited for; the failure names it.</param>
    /// <param name="node">The running node; its own failure is shown.</param>
    public static async Task HoldsAsync(Func<Task<bool>> condition, string what, Task node)
    {
        using var timer = new PeriodicTimer(Pause, TimeProvider.System);
        long start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, $"{what}: not within {Patience}");
            if (node.IsCompleted)
            {
                await node;
                Assert.Fail($"{what}: the node ended before");
            }

            await timer.WaitForNextTickAsync();
        }
    }
}

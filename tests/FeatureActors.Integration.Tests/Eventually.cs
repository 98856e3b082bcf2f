using FeatureActors.Abstractions.Errors;
using StackExchange.Redis;

namespace FeatureActors.Integration.Tests;

/// <summary>Waits for what other processes do, by looking again and again.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan AnswerPatience = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Returns when <paramref name="difference"/> answers null; fails with its last answer otherwise. A Redis that is away is a
    /// difference too: it may be starting again.
    /// </summary>
    /// <param name="phase">What is waited for; the failure begins with it.</param>
    /// <param name="patience">Longest wait.</param>
    /// <param name="difference">Null when all is as expected, otherwise what differs: where, expected and actual.</param>
    /// <param name="pause">Time between two looks.</param>
    public static async Task NothingDiffersAsync(string phase, TimeSpan patience, Func<Task<string?>> difference, TimeSpan? pause = null)
    {
        using var timer = new PeriodicTimer(pause ?? Pause, TimeProvider.System);
        long start = TimeProvider.System.GetTimestamp();
        while (await LookAsync(difference) is { } text)
        {
            if (TimeProvider.System.GetElapsedTime(start) > patience)
            {
                Assert.Fail($"{phase}: not reached within {patience.TotalSeconds} s: {text}");
            }

            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Returns when <paramref name="condition"/> holds.</summary>
    public static Task HoldsAsync(string phase, TimeSpan patience, Func<bool> condition, Func<string> actual) =>
        NothingDiffersAsync(phase, patience, () => Task.FromResult(condition() ? null : actual()), TimeSpan.FromMilliseconds(2));

    /// <summary>
    /// The answer of a server that comes back: the vendor's client reconnects on its own schedule, so the first calls may still fail.
    /// </summary>
    public static async Task<T> AnswersAsync<T>(Func<ValueTask<T>> call)
    {
        T answer = default!;
        await NothingDiffersAsync("the server answers again", AnswerPatience, async () =>
        {
            try
            {
                answer = await call();
                return null;
            }
            catch (DependencyUnavailableException error)
            {
                return error.Message;
            }
        });
        return answer;
    }

    private static async Task<string?> LookAsync(Func<Task<string?>> difference)
    {
        try
        {
            return await difference();
        }
        catch (Exception error) when (error is RedisException or TimeoutException)
        {
            return $"Redis cannot be read: {error.Message}";
        }
    }
}

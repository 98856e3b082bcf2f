using FeatureActors.Abstractions.Errors;
using StackExchange.Redis;

namespace FeatureActors.Redis.Tests;

public sealed class RedisLinkTests
{
    private static readonly ConfigurationOptions Nowhere = RedisConfiguration.Build("localhost:1", null, null, null, 0, false, TimeSpan.FromSeconds(1));

    [Fact]
    public async Task A_command_that_fails_while_its_caller_stops_is_stopped_and_not_a_failure()
    {
        await using var link = new RedisLink(Nowhere, TimeSpan.FromSeconds(5), TimeProvider.System);
        using var stop = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await link.RunAsync(
            "read",
            static async Task<bool> (_, source) =>
            {
                await source.CancelAsync();
                throw new IOException("closed");
            },
            stop,
            stop.Token));
    }

    [Fact]
    public async Task A_command_that_fails_otherwise_is_a_store_that_is_away()
    {
        await using var link = new RedisLink(Nowhere, TimeSpan.FromSeconds(5), TimeProvider.System);
        DependencyUnavailableException error = await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await link.RunAsync(
            "read",
            static Task<bool> (_, _) => throw new IOException("closed"),
            0,
            CancellationToken.None));
        Assert.Contains("could not read: closed", error.Message, StringComparison.Ordinal);
    }
}

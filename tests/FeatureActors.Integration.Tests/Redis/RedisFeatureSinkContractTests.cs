using FeatureActors.Abstractions.Ports;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Redis;
using FeatureActors.TestKit.Contracts;
using StackExchange.Redis;

namespace FeatureActors.Integration.Tests.Redis;

/// <summary>The sink's contract on a real server, for each way a hash can travel.</summary>
[Trait("Category", "Integration")]
public abstract class RedisFeatureSinkContractTests(RedisFixture redis, RedisHashForm form, bool verifyVersions)
    : FeatureSinkContract, IAsyncLifetime
{
    // What the suite asks for has no bound in time; a busy machine must not look like a server that is away.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private RedisClient _connection = null!;

    protected override string Prefix => "fa:contract:g:";

    protected override long NowMs => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private IDatabase Database => _connection.Database;

    public async Task InitializeAsync()
    {
        _connection = await RedisClient.ConnectAsync(redis.Server);
        await LoseEverythingAsync();
    }

    public Task DisposeAsync()
    {
        _connection.Dispose();
        return Task.CompletedTask;
    }

    protected override ValueTask<IFeatureSink> OpenAsync() => ValueTask.FromResult<IFeatureSink>(new RedisFeatureSink(
        "contract",
        new RedisSinkOptions
        {
            ConnectionString = redis.Server.ConnectionString,
            HashForm = form,
            VerifyVersions = verifyVersions,
            CommandTimeout = Patience,
            ConnectTimeout = Patience,
        },
        TimeProvider.System));

    protected override async ValueTask<IReadOnlyDictionary<string, string>?> ReadAsync(string key)
    {
        HashEntry[] entries = await Database.HashGetAllAsync(key);

        // HMGET must find each field too, not only list it.
        RedisValue[] again = await Database.HashGetAsync(key, [.. entries.Select(entry => entry.Name)]);
        Assert.Equal(entries.Select(entry => entry.Value), again);
        return entries.Length == 0 ? null : entries.ToDictionary(entry => (string)entry.Name!, entry => (string)entry.Value!);
    }

    protected override async ValueTask<long?> FindExpiryMsAsync(string key)
    {
        long expiry = (long)await Database.ExecuteAsync("PEXPIRETIME", key);
        return expiry == -2 ? null : Math.Max(expiry, 0);
    }

    protected override async ValueTask LoseEverythingAsync() => await Database.ExecuteAsync("FLUSHDB");

    protected override async ValueTask LoseKeyAsync(string key) => await Database.KeyDeleteAsync(key);
}

public sealed class RedisFeatureSinkRestoreTests(RedisFixture redis)
    : RedisFeatureSinkContractTests(redis, RedisHashForm.Restore, verifyVersions: false), IClassFixture<RedisFixture>;

public sealed class RedisFeatureSinkFieldsTests(RedisFixture redis)
    : RedisFeatureSinkContractTests(redis, RedisHashForm.Fields, verifyVersions: false), IClassFixture<RedisFixture>;

public sealed class RedisFeatureSinkVerifiedRestoreTests(RedisFixture redis)
    : RedisFeatureSinkContractTests(redis, RedisHashForm.Restore, verifyVersions: true), IClassFixture<RedisFixture>;

public sealed class RedisFeatureSinkVerifiedFieldsTests(RedisFixture redis)
    : RedisFeatureSinkContractTests(redis, RedisHashForm.Fields, verifyVersions: true), IClassFixture<RedisFixture>;

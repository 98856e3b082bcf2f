using FeatureActors.Abstractions.Ports;
using FeatureActors.TestKit.Contracts;
using FeatureActors.TestKit.Ports;

namespace FeatureActors.TestKit.Tests.Contracts;

// The runner disposes it through IAsyncLifetime, which the rule does not know.
#pragma warning disable CA1001
public sealed class InMemoryFeatureSinkTests : FeatureSinkContract, IAsyncLifetime
{
    private readonly InMemoryFeatureSink _sink = new(TimeProvider.System);

    protected override string Prefix => "fa:test:g:";

    protected override long NowMs => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _sink.DisposeAsync();

    protected override ValueTask<IFeatureSink> OpenAsync() => ValueTask.FromResult<IFeatureSink>(_sink);

    protected override ValueTask<IReadOnlyDictionary<string, string>?> ReadAsync(string key) => ValueTask.FromResult(_sink.TryRead(key));

    protected override ValueTask<long?> FindExpiryMsAsync(string key) => ValueTask.FromResult(_sink.FindExpiryMs(key));

    protected override ValueTask LoseEverythingAsync()
    {
        _sink.LoseEverything();
        return ValueTask.CompletedTask;
    }

    protected override ValueTask LoseKeyAsync(string key)
    {
        _sink.LoseKey(key);
        return ValueTask.CompletedTask;
    }
}

using FeatureActors.Abstractions.Ports;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.LocalServers;
using FeatureActors.Persistence.Sql.Postgres;
using FeatureActors.TestKit.Contracts;

namespace FeatureActors.Integration.Tests.Postgres;

[Collection(SharedServers.Name)]
[Trait("Category", "Integration")]
public sealed class PostgresSourcePositionsTests(PostgresFixture postgres) : SourcePositionsContract, IAsyncLifetime
{
    private readonly TemporarySchema _schema = new(postgres.Server);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _schema.DisposeAsync();

    protected override async ValueTask<ISourcePositions> OpenAsync() => (await _schema.OpenAsync()).Positions;

    protected override async ValueTask<ISourcePositions> ReopenAsync() => (await _schema.ReopenAsync()).Positions;
}

[Collection(SharedServers.Name)]
[Trait("Category", "Integration")]
public sealed class PostgresDefinitionStoreTests(PostgresFixture postgres) : DefinitionStoreContract, IAsyncLifetime
{
    private readonly TemporarySchema _schema = new(postgres.Server);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _schema.DisposeAsync();

    protected override async ValueTask<IDefinitionStore> OpenAsync() => (await _schema.OpenAsync()).Definitions;

    protected override async ValueTask<IDefinitionStore> ReopenAsync() => (await _schema.ReopenAsync()).Definitions;
}

[Collection(SharedServers.Name)]
[Trait("Category", "Integration")]
public sealed class PostgresDeadLetterStoreTests(PostgresFixture postgres) : DeadLetterStoreContract, IAsyncLifetime
{
    private readonly TemporarySchema _schema = new(postgres.Server);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _schema.DisposeAsync();

    [Fact]
    public async Task Text_that_no_database_takes_is_kept_with_replacements()
    {
        IDeadLetterStore store = await OpenAsync();
        await store.AddAsync([Letter(1, "before\0after \ud800")], CancellationToken.None);

        Assert.Equal("before\ufffdafter \ufffd", Assert.Single(await store.ListAsync(null, null, 9, CancellationToken.None)).Error);
    }

    [Fact]
    public async Task Nodes_that_add_at_once_keep_the_bounds_and_each_letter_once()
    {
        PostgresStores one = await _schema.OpenAsync();
        await using PostgresStores other = await _schema.NewAsync();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
            await (i % 2 == 0 ? one : other).DeadLetters.AddAsync([.. Enumerable.Range(0, 20).Select(static o => Letter(o, "e"))], CancellationToken.None)));

        IReadOnlyList<DeadLetter> held = await one.DeadLetters.ListAsync(null, null, 99, CancellationToken.None);
        Assert.Equal(10, held.Count);
        Assert.Equal(10, held.Select(static l => l.Offset).Distinct().Count());
    }

    protected override async ValueTask<IDeadLetterStore> OpenAsync() => (await _schema.OpenAsync()).DeadLetters;

    protected override async ValueTask<IDeadLetterStore> ReopenAsync() => (await _schema.ReopenAsync()).DeadLetters;

    private static DeadLetter Letter(long offset, string error) => new()
    {
        Source = "purchases",
        Partition = 0,
        Offset = offset,
        Reason = "malformed-json",
        Error = error,
        AtMs = 1,
        Length = 0,
    };
}

/// <summary>A schema of one test.</summary>
internal sealed class TemporarySchema(PostgresServer server) : IAsyncDisposable
{
    private readonly string _name = $"t-{Guid.NewGuid():N}";
    private PostgresStores? _stores;

    public async Task<PostgresStores> OpenAsync() => _stores ??= await NewAsync();

    public async Task<PostgresStores> NewAsync() => await PostgresStores.OpenAsync(PostgresSettings.For(server, _name), CancellationToken.None);

    public async Task<PostgresStores> ReopenAsync()
    {
        await DisposeAsync();
        return await OpenAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (_stores is not null)
        {
            await _stores.DisposeAsync();
            _stores = null;
        }
    }
}

[Collection(SharedServers.Name)]
[Trait("Category", "Integration")]
public sealed class PostgresPluginSwitchesTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly TemporarySchema _schema = new(postgres.Server);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _schema.DisposeAsync();

    [Fact]
    public async Task What_is_off_is_off_after_a_restart_with_its_first_reason_until_it_is_switched_on()
    {
        IPluginSwitches switches = (await _schema.OpenAsync()).PluginSwitches;
        Assert.Empty(await switches.ReadAsync(CancellationToken.None));
        await switches.SwitchOffAsync("day.unruly", "it hung\0", CancellationToken.None);
        await switches.SwitchOffAsync("day.unruly", "it hung again", CancellationToken.None);
        await switches.SwitchOffAsync("geohash", "it threw", CancellationToken.None);

        switches = (await _schema.ReopenAsync()).PluginSwitches;
        await switches.SwitchOnAsync("geohash", CancellationToken.None);
        await switches.SwitchOnAsync("geohash", CancellationToken.None);

        KeyValuePair<string, string> off = Assert.Single(await switches.ReadAsync(CancellationToken.None));
        Assert.Equal(("day.unruly", "it hung\ufffd"), (off.Key, off.Value));
    }
}

using FeatureActors.Abstractions.Ports;
using FeatureActors.Persistence.Sql.Sqlite;
using FeatureActors.TestKit.Contracts;

namespace FeatureActors.Persistence.Sql.Tests.Sqlite;

public sealed class SqliteCheckpointStoreTests : CheckpointStoreContract, IAsyncLifetime
{
    private readonly TemporaryStores _stores = new(new SqliteStoreOptions());

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _stores.DisposeAsync();

    protected override async ValueTask<ICheckpointStore> OpenAsync() => (await _stores.OpenAsync()).Checkpoints;

    protected override async ValueTask<ICheckpointStore> ReopenAsync() => (await _stores.ReopenAsync()).Checkpoints;
}

public sealed class SqliteShardLogTests : ShardLogContract, IAsyncLifetime
{
    private readonly TemporaryStores _stores = new(new SqliteStoreOptions { BatchBytesMax = 100_000 });

    protected override int BatchBytesMax => 100_000;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _stores.DisposeAsync();

    protected override async ValueTask<IShardLog> OpenAsync() => (await _stores.OpenAsync()).Log;

    protected override async ValueTask<IShardLog> ReopenAsync() => (await _stores.ReopenAsync()).Log;
}

public sealed class SqliteSourcePositionsTests : SourcePositionsContract, IAsyncLifetime
{
    private readonly TemporaryStores _stores = new(new SqliteStoreOptions());

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _stores.DisposeAsync();

    protected override async ValueTask<ISourcePositions> OpenAsync() => (await _stores.OpenAsync()).Positions;

    protected override async ValueTask<ISourcePositions> ReopenAsync() => (await _stores.ReopenAsync()).Positions;
}

public sealed class SqliteDeadLetterStoreTests : DeadLetterStoreContract, IAsyncLifetime
{
    private readonly TemporaryStores _stores = new(new SqliteStoreOptions { DeadLettersMax = 10, DeadLetterBytesMax = 1024 * 1024 });

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _stores.DisposeAsync();

    protected override async ValueTask<IDeadLetterStore> OpenAsync() => (await _stores.OpenAsync()).DeadLetters;

    protected override async ValueTask<IDeadLetterStore> ReopenAsync() => (await _stores.ReopenAsync()).DeadLetters;
}

public sealed class SqliteDefinitionStoreTests : DefinitionStoreContract, IAsyncLifetime
{
    private readonly TemporaryStores _stores = new(new SqliteStoreOptions());

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _stores.DisposeAsync();

    protected override async ValueTask<IDefinitionStore> OpenAsync() => (await _stores.OpenAsync()).Definitions;

    protected override async ValueTask<IDefinitionStore> ReopenAsync() => (await _stores.ReopenAsync()).Definitions;
}

using FeatureActors.Abstractions.Ports;
using FeatureActors.TestKit.Contracts;
using FeatureActors.TestKit.Ports;

namespace FeatureActors.Persistence.Sql.Tests.Memory;

public sealed class InMemoryCheckpointStoreTests : CheckpointStoreContract
{
    private readonly InMemoryCheckpointStore _store = new(TimeProvider.System);

    protected override ValueTask<ICheckpointStore> OpenAsync() => ValueTask.FromResult<ICheckpointStore>(_store);
}

public sealed class InMemoryShardLogTests : ShardLogContract
{
    private readonly InMemoryShardLog _log = new(batchBytesMax: 100_000);

    protected override int BatchBytesMax => 100_000;

    protected override ValueTask<IShardLog> OpenAsync() => ValueTask.FromResult<IShardLog>(_log);
}

public sealed class InMemorySourcePositionsTests : SourcePositionsContract
{
    private readonly InMemorySourcePositions _positions = new();

    protected override ValueTask<ISourcePositions> OpenAsync() => ValueTask.FromResult<ISourcePositions>(_positions);
}

public sealed class InMemoryDeadLetterStoreTests : DeadLetterStoreContract
{
    private readonly InMemoryDeadLetterStore _store = new(lettersMax: 10, bytesMax: 1024 * 1024);

    protected override ValueTask<IDeadLetterStore> OpenAsync() => ValueTask.FromResult<IDeadLetterStore>(_store);
}

public sealed class InMemoryDefinitionStoreTests : DefinitionStoreContract
{
    private readonly InMemoryDefinitionStore _store = new();

    protected override ValueTask<IDefinitionStore> OpenAsync() => ValueTask.FromResult<IDefinitionStore>(_store);
}

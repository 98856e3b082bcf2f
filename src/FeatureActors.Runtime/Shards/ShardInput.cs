using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Plugins;

namespace FeatureActors.Runtime.Shards;

/// <summary>Something that happened outside a shard. Inputs are taken one at a time, in any order.</summary>
internal abstract record ShardInput
{
    /// <summary>The store granted an epoch.</summary>
    public sealed record Acquired(ShardCheckpoint Checkpoint, LogRange Log) : ShardInput;

    /// <summary>The sink raised the fence; <paramref name="Old"/> stood there before.</summary>
    /// <param name="Old">The fence before, or null.</param>
    /// <param name="LogEnd">End of the log, read after the fence was raised: an earlier owner can have published nothing beyond it.</param>
    public sealed record FenceRaised(SinkFence? Old, long LogEnd) : ShardInput;

    /// <summary>The sink could not be reached to raise the fence.</summary>
    public sealed record FenceFailed : ShardInput;

    /// <summary>Entries from the log, in order, from <see cref="ShardMachine.ReadOffset"/> on.</summary>
    public sealed record LogRead(IReadOnlyList<LogEntry> Entries) : ShardInput;

    /// <summary>Answer to <see cref="ShardOutput.LoadKeys"/>.</summary>
    public sealed record Loaded(IReadOnlyList<ReadOnlyMemory<byte>> Keys, IReadOnlyList<StoredEntity> Entities) : ShardInput;

    /// <summary>Answer to <see cref="ShardOutput.ReadDue"/>.</summary>
    public sealed record DueLoaded(ShardOutput.ReadDue Question, IReadOnlyList<StoredEntity> Entities) : ShardInput;

    /// <summary>Answer to <see cref="ShardOutput.ReadKeys"/>.</summary>
    public sealed record KeysLoaded(ShardOutput.ReadKeys Question, IReadOnlyList<StoredEntity> Entities) : ShardInput;

    /// <summary>Answer to <see cref="ShardOutput.ScanSink"/>.</summary>
    public sealed record SinkScanned(SinkKeys Scanned) : ShardInput;

    /// <summary>Answer to <see cref="ShardOutput.LookUp"/>.</summary>
    public sealed record LookedUp(IReadOnlyList<ReadOnlyMemory<byte>> FullKeys, IReadOnlyList<StoredEntity> Entities) : ShardInput;

    /// <summary>The node lets this shard take a checkpoint now.</summary>
    public sealed record CheckpointPermitted : ShardInput;

    /// <summary>A commit was answered.</summary>
    public sealed record CommitEnded(long CheckpointId, CommitOutcome Outcome) : ShardInput;

    /// <summary>A commit was not answered: it may have taken effect or not.</summary>
    public sealed record CommitUnknown(long CheckpointId, string Error) : ShardInput;

    /// <summary>Answer to <see cref="ShardOutput.ReadHeader"/>.</summary>
    public sealed record HeaderRead(ShardHeader Header) : ShardInput;

    /// <summary>A publish batch was answered.</summary>
    public sealed record Published(long Batch, SinkAnswer Answer) : ShardInput;

    /// <summary>A publish batch was not answered.</summary>
    public sealed record PublishFailed(long Batch) : ShardInput;

    /// <summary>Answer to <see cref="ShardOutput.ReadFence"/>.</summary>
    public sealed record FenceRead(SinkFence? Fence) : ShardInput;

    /// <summary>Time passed.</summary>
    /// <param name="NowMs">Wall clock, Unix milliseconds.</param>
    /// <param name="MonotonicMs">A clock that never jumps.</param>
    public sealed record Tick(long NowMs, long MonotonicMs) : ShardInput;

    /// <summary>Answer to <see cref="ShardOutput.ReadStoreClock"/>.</summary>
    public sealed record StoreClockRead(long NowMs) : ShardInput;

    /// <summary>Plug-ins are exchanged, or it is tried whether they can be.</summary>
    /// <param name="Next">Aggregates to exchange, by index of the feature; none to evaluate everything again.</param>
    /// <param name="IsTrial">True to change nothing and only say whether the stored bytes can be read.</param>
    public sealed record Exchange(IReadOnlyDictionary<int, PluginAggregate> Next, bool IsTrial) : ShardInput;

    /// <summary>Somebody wants to know an entity's values.</summary>
    public sealed record Inspect(long Id, ReadOnlyMemory<byte> Key) : ShardInput;

    /// <summary>Answer to <see cref="ShardOutput.LoadInspected"/>; null for a key without a row.</summary>
    public sealed record InspectedLoaded(long Id, ReadOnlyMemory<byte> Key, StoredEntity? Entity) : ShardInput;

    /// <summary>The shard is to be handed over.</summary>
    public sealed record Revoked : ShardInput;
}

/// <summary>Something a shard wants done outside. Each answer comes back as an input; reads are retried until they succeed.</summary>
internal abstract record ShardOutput
{
    /// <summary>Load these entities.</summary>
    public sealed record LoadKeys(IReadOnlyList<ReadOnlyMemory<byte>> Keys) : ShardOutput;

    /// <summary>Read entities that are due.</summary>
    public sealed record ReadDue(long DueAtOrBeforeMs, DueCursor? After, int Limit) : ShardOutput;

    /// <summary>Read entities in key order.</summary>
    public sealed record ReadKeys(ReadOnlyMemory<byte> After, bool OnlyUnpublished, int Limit) : ShardOutput;

    /// <summary>Read some of the namespace's keys in the sink.</summary>
    public sealed record ScanSink(long Cursor) : ShardOutput;

    /// <summary>Read entities that the sink holds keys of.</summary>
    /// <param name="FullKeys">The keys in the sink, handed back with the answer.</param>
    /// <param name="Keys">The entities' keys.</param>
    public sealed record LookUp(IReadOnlyList<ReadOnlyMemory<byte>> FullKeys, IReadOnlyList<ReadOnlyMemory<byte>> Keys) : ShardOutput;

    /// <summary>Ask the node for leave to take a checkpoint: only a few run at a time, for their memory.</summary>
    public sealed record WantCheckpoint : ShardOutput;

    /// <summary>Commit a checkpoint.</summary>
    public sealed record Commit(Epoch Epoch, CheckpointWrite Write) : ShardOutput;

    /// <summary>The checkpoint is over; the node may let another shard take one.</summary>
    public sealed record CheckpointOver(long NextOffset, bool IsCommitted) : ShardOutput;

    /// <summary>Read the shard's row.</summary>
    public sealed record ReadHeader : ShardOutput;

    /// <summary>Write a batch to the sink.</summary>
    public sealed record Publish(PublishBatch Batch) : ShardOutput;

    /// <summary>Raise the fence.</summary>
    public sealed record RaiseFence(Epoch Epoch, long Batch) : ShardOutput;

    /// <summary>Read the fence.</summary>
    public sealed record ReadFence : ShardOutput;

    /// <summary>Read the store's clock.</summary>
    public sealed record ReadStoreClock : ShardOutput;

    /// <summary>Keep these in the dead-letter store; before the next commit.</summary>
    public sealed record Letters(IReadOnlyList<DeadLetter> Items) : ShardOutput;

    /// <summary>The state changed.</summary>
    public sealed record Moved(ShardState From, ShardState To, string Reason) : ShardOutput;

    /// <summary>Answer to <see cref="ShardInput.Exchange"/>: null, or why it cannot be.</summary>
    public sealed record Exchanged(string? Refusal) : ShardOutput;

    /// <summary>Load an entity that somebody wants to know of.</summary>
    public sealed record LoadInspected(long Id, ReadOnlyMemory<byte> Key) : ShardOutput;

    /// <summary>Answer to <see cref="ShardInput.Inspect"/>: JSON, or null when the shard cannot say.</summary>
    public sealed record Inspected(long Id, byte[]? Json) : ShardOutput;

    /// <summary>A feature was switched off because it failed too often.</summary>
    public sealed record FeatureOff(string Feature, string Error) : ShardOutput;

    /// <summary>Something an operator should see.</summary>
    public sealed record Alarm(string Text) : ShardOutput;
}

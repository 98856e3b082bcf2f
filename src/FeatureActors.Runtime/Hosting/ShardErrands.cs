using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Runtime.Hosting;

/// <summary>
/// What a shard asks of the checkpoint store, the sink and the log: for each such output of its machine one errand, whose answer goes
/// back into the machine as an input. Runs outside the turns.
/// </summary>
internal sealed class ShardErrands(ShardId shard, ShardServices services, DependencyCalls calls, ShardLogTail log, ShardCounters counters)
{
    /// <summary>Ends when all dead letters handed in so far are with the writer.</summary>
    public Task LettersHandedIn { get; private set; } = Task.CompletedTask;

    /// <summary>The errand that an output asks for.</summary>
    /// <exception cref="InvalidOperationException">It asks for none.</exception>
    public Func<Task<ShardInput?>> For(ShardOutput output, CancellationToken stop)
    {
        ICheckpointStore checkpoints = services.Ports.Checkpoints;
        IFeatureSink sink = services.Ports.Sink;
        switch (output)
        {
            case ShardOutput.LoadKeys load:
                return async () => new ShardInput.Loaded(load.Keys, await AskAsync(t => checkpoints.LoadAsync(shard, load.Keys, t)).ConfigureAwait(false));
            case ShardOutput.ReadDue due:
                return async () => new ShardInput.DueLoaded(
                    due, await AskAsync(t => checkpoints.ReadDueAsync(shard, due.DueAtOrBeforeMs, due.After, due.Limit, t)).ConfigureAwait(false));
            case ShardOutput.ReadKeys keys:
                return async () => new ShardInput.KeysLoaded(
                    keys, await AskAsync(t => checkpoints.ReadKeysAsync(shard, keys.After, keys.OnlyUnpublished, keys.Limit, t)).ConfigureAwait(false));
            case ShardOutput.LookUp look:
                return async () => new ShardInput.LookedUp(look.FullKeys, await AskAsync(t => checkpoints.LoadAsync(shard, look.Keys, t)).ConfigureAwait(false));
            case ShardOutput.LoadInspected load:
                return async () =>
                {
                    IReadOnlyList<StoredEntity> found = await AskAsync(t => checkpoints.LoadAsync(shard, [load.Key], t)).ConfigureAwait(false);
                    return new ShardInput.InspectedLoaded(load.Id, load.Key, found.Count > 0 ? found[0] : null);
                };
            case ShardOutput.ReadHeader:
                return async () => new ShardInput.HeaderRead(await AskAsync(t => checkpoints.ReadHeaderAsync(shard, t)).ConfigureAwait(false));
            case ShardOutput.ReadStoreClock:
                return async () => new ShardInput.StoreClockRead(await AskAsync(checkpoints.ReadClockAsync).ConfigureAwait(false));
            case ShardOutput.Commit commit:
                Task letters = LettersHandedIn;
                return () => CommitAsync(commit, letters, stop);
            case ShardOutput.ScanSink scan:
                return async () => new ShardInput.SinkScanned(await AskAsync(t => sink.ScanAsync(scan.Cursor, t)).ConfigureAwait(false));
            case ShardOutput.ReadFence:
                return async () => new ShardInput.FenceRead(await AskAsync(t => sink.ReadFenceAsync(shard, t)).ConfigureAwait(false));
            case ShardOutput.RaiseFence raise:
                return () => RaiseFenceAsync(raise, stop);
            case ShardOutput.Publish publish:
                return () => PublishAsync(publish.Batch, stop);
            default:
                throw new InvalidOperationException($"unknown shard output {output.GetType().Name}");
        }

        Task<T> AskAsync<T>(Func<CancellationToken, ValueTask<T>> question) => calls.AnsweredAsync(question, stop);
    }

    /// <summary>Hands dead letters to the writer, behind those before.</summary>
    public void HandIn(IReadOnlyList<DeadLetter> letters, CancellationToken stop) => LettersHandedIn = HandInAsync(LettersHandedIn, letters, stop);

    /// <summary>Tells the log what no owner needs any more.</summary>
    public async Task<ShardInput?> TrimAsync(long nextOffset, CancellationToken stop)
    {
        await services.Ports.Log.TrimAsync(shard, nextOffset, stop).ConfigureAwait(false);
        return null;
    }

    private async Task<ShardInput?> RaiseFenceAsync(ShardOutput.RaiseFence raise, CancellationToken stop)
    {
        try
        {
            SinkFence? old = await services.Ports.Sink.RaiseFenceAsync(shard, raise.Epoch, raise.Batch, stop).ConfigureAwait(false);

            // Owners before this one published up to the old fence's position and, from here on, nothing more. Where the log is known to
            // reach that far, its end of now says nothing that it did not say when the shard was acquired.
            return old is { } fence && fence.Position != SinkFence.NoPosition && fence.Position.NextOffset <= log.End
                ? new ShardInput.FenceRaised(old, log.End)
                : new ShardInput.FenceRaised(old, (await calls.AnsweredAsync(log.GetRangeAsync, stop).ConfigureAwait(false)).End);
        }
        catch (FeatureActorsException error) when (error.IsTransient)
        {
            calls.Say(error);
            return new ShardInput.FenceFailed();
        }
    }

    private async Task<ShardInput?> PublishAsync(PublishBatch batch, CancellationToken stop)
    {
        try
        {
            return new ShardInput.Published(batch.Batch, await services.Ports.Sink.WriteAsync(batch, stop).ConfigureAwait(false));
        }
        catch (FeatureActorsException error) when (error.IsTransient)
        {
            calls.Say(error);
            return new ShardInput.PublishFailed(batch.Batch);
        }
    }

    private async Task HandInAsync(Task before, IReadOnlyList<DeadLetter> letters, CancellationToken stop)
    {
        await before.ConfigureAwait(false);
        foreach (DeadLetter letter in letters)
        {
            await services.Letters.AddAsync(letter, stop).ConfigureAwait(false);
        }
    }

    private async Task<ShardInput?> CommitAsync(ShardOutput.Commit commit, Task letters, CancellationToken stop)
    {
        // A row that only a dead letter remembers must not get lost between the two stores.
        await letters.ConfigureAwait(false);
        await services.Letters.FlushAsync(stop).ConfigureAwait(false);
        long start = services.Time.GetTimestamp();
        try
        {
            CommitOutcome outcome = await services.Ports.Checkpoints.CommitAsync(shard, commit.Epoch, commit.Write, stop).ConfigureAwait(false);
            Interlocked.Add(ref counters.CheckpointMicroseconds, (long)services.Time.GetElapsedTime(start).TotalMicroseconds);
            return new ShardInput.CommitEnded(commit.Write.Header.CheckpointId, outcome);
        }
        catch (FeatureActorsException error) when (error.IsTransient)
        {
            return new ShardInput.CommitUnknown(commit.Write.Header.CheckpointId, error.Message);
        }
    }
}

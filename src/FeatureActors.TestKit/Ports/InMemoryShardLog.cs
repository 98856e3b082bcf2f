using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.TestKit.Ports;

/// <summary>
/// <see cref="IShardLog"/> in memory, with injected faults. Calls end before they return; only a read at the end of the log
/// waits. Disposing it does nothing, so that it survives the crash of a simulated node.
/// </summary>
/// <param name="batchBytesMax">Largest batch taken, in bytes; above it an append is refused.</param>
public sealed class InMemoryShardLog(int batchBytesMax = 32 * 1024 * 1024) : FaultyPort("shard log in memory"), IShardLog
{
    private readonly Dictionary<string, int> _partitions = [];
    private readonly Dictionary<string, string> _identities = [];
    private readonly Dictionary<ShardId, Partition> _logs = [];

    /// <inheritdoc/>
    public ValueTask<string> OpenAsync(string entity, int partitions, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(partitions);
        return RunAsync(nameof(OpenAsync), null, () => Open(entity, partitions), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<long> AppendAsync(ShardId shard, ReadOnlyMemory<byte> batch, CancellationToken cancellationToken) =>
        RunAsync(nameof(AppendAsync), shard, () => Append(shard, batch), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<LogRange> GetRangeAsync(ShardId shard, CancellationToken cancellationToken) =>
        RunAsync(nameof(GetRangeAsync), shard, () => Find(shard).Range, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IShardLogReader> ReadFromAsync(ShardId shard, long nextOffset, CancellationToken cancellationToken) =>
        RunAsync<IShardLogReader>(nameof(ReadFromAsync), shard, () => new Reader(this, shard, Find(shard), nextOffset), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask TrimAsync(ShardId shard, long nextOffset, CancellationToken cancellationToken) =>
        await RunAsync(nameof(TrimAsync), shard, () => Find(shard).Trim(nextOffset), cancellationToken).ConfigureAwait(false);

    /// <summary>Fault: the log forgets its entries at and above <paramref name="nextOffset"/>; the next append gets that offset.</summary>
    public void LoseTail(ShardId shard, long nextOffset) => Inspect(() => Find(shard).LoseTail(nextOffset));

    /// <summary>Fault: the log of an entity type is deleted; the next open makes an empty one of another identity.</summary>
    public void Delete(string entity) => Inspect(() =>
    {
        _identities.Remove(entity);
        for (var partition = 0; partition < _partitions.GetValueOrDefault(entity); partition++)
        {
            _logs.Remove(new ShardId(entity, partition));
        }

        return _partitions.Remove(entity);
    });

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private string Open(string entity, int partitions)
    {
        if (!_partitions.TryGetValue(entity, out var stored))
        {
            _partitions.Add(entity, partitions);
            _identities.Add(entity, $"memory:{Guid.NewGuid():N}");
            for (var partition = 0; partition < partitions; partition++)
            {
                _logs.Add(new ShardId(entity, partition), new Partition());
            }
        }
        else if (stored != partitions)
        {
            throw new LogSetupException(
                $"could not open the log of entity {entity}: it has {stored} partitions and the definitions want {partitions}");
        }

        return _identities[entity];
    }

    private long Append(ShardId shard, ReadOnlyMemory<byte> batch)
    {
        if (batch.Length > batchBytesMax)
        {
            throw new BatchRefusedException(shard, $"the batch has {batch.Length} bytes, the log takes at most {batchBytesMax}");
        }

        return Find(shard).Append(batch.ToArray());
    }

    private Partition Find(ShardId shard) => _logs.TryGetValue(shard, out var log)
        ? log
        : throw new InvalidOperationException($"the log of shard {shard} is used before it was opened");

    private sealed class Partition
    {
        private readonly List<LogEntry> _entries = [];
        private TaskCompletionSource _appended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _end;

        public LogRange Range => new(_entries.Count == 0 ? _end : _entries[0].Offset, _end);

        /// <summary>Ends at the next append.</summary>
        public Task Appended => _appended.Task;

        public long Append(byte[] batch)
        {
            _entries.Add(new LogEntry(_end, batch));
            _appended.SetResult();
            _appended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _end++;
        }

        public List<LogEntry> Read(long nextOffset, int bytesMax)
        {
            List<LogEntry> entries = [];
            var bytes = 0L;
            for (var index = FirstAtOrBehind(nextOffset); index < _entries.Count; index++)
            {
                var entry = _entries[index];
                bytes += entry.Batch.Length;
                if (entries.Count > 0 && bytes > bytesMax)
                {
                    break;
                }

                entries.Add(entry with { Batch = entry.Batch.ToArray() });
            }

            return entries;
        }

        public int Trim(long nextOffset)
        {
            var count = FirstAtOrBehind(nextOffset);
            _entries.RemoveRange(0, count);
            return count;
        }

        public long LoseTail(long nextOffset)
        {
            var first = FirstAtOrBehind(nextOffset);
            _entries.RemoveRange(first, _entries.Count - first);
            return _end = Math.Min(_end, nextOffset);
        }

        private int FirstAtOrBehind(long nextOffset)
        {
            var first = _entries.Count == 0 ? _end : _entries[0].Offset;
            return (int)Math.Clamp(nextOffset - first, 0, _entries.Count);
        }
    }

    private sealed class Reader(InMemoryShardLog log, ShardId shard, Partition partition, long nextOffset) : IShardLogReader
    {
        private long _nextOffset = nextOffset;

        public async ValueTask<IReadOnlyList<LogEntry>> ReadAsync(int bytesMax, CancellationToken cancellationToken)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesMax);
            while (true)
            {
                var (entries, appended) = await log.RunAsync(
                    nameof(ReadAsync), shard, () => (partition.Read(_nextOffset, bytesMax), partition.Appended), cancellationToken)
                    .ConfigureAwait(false);
                if (entries.Count > 0)
                {
                    _nextOffset = entries[^1].Offset + 1;
                    return entries;
                }

                await appended.WaitAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

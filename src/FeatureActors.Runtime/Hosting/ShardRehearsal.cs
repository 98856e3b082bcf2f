using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Shards;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Runtime.Hosting;

/// <summary>
/// Runs a shard over stores that keep nothing, before the node asks for one: acquire, apply, evaluate, publish, checkpoint, release. So the
/// code is compiled while no shard stands still for it. Nothing of it is seen outside.
/// </summary>
internal sealed class ShardRehearsal(EntityPlan plan, IReadOnlyList<IngestPlan> sources, ShardOptions options, ShardServices services)
{
    private const int Rows = 256;
    private const int Keys = 16;

    // As far as timers and checkpoints of most definitions are apart, in steps that a clock may take.
    private const int StepsMax = 60;
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    /// <summary>Runs it to its end, or until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var stage = new Stage(Batch());
        var actor = new ShardActor(new ShardId(plan.Entity, 0), plan, "", options, services with
        {
            Ports = services.Ports with { Checkpoints = stage, Log = stage, Sink = stage },
            Logger = NullLogger.Instance,
        });
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task run = actor.RunAsync(over.Token);
        long now = services.Time.GetUtcNow().ToUnixTimeMilliseconds();
        long monotonic = (long)services.Time.GetElapsedTime(0).TotalMilliseconds;
        for (int step = 0; step < StepsMax && !stage.IsPlayed && !run.IsCompleted; step++)
        {
            long ms = (long)(Step * step).TotalMilliseconds;
            actor.Tick(now + ms, monotonic + ms);
            await Task.Delay(Pause, services.Time, cancellationToken).ConfigureAwait(false);
        }

        actor.Revoke();
        await Task.WhenAny(run, Task.Delay(Step, services.Time, cancellationToken)).ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        await run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Rows as a source of the entity would make them, with a value in every column; null when no source feeds it.</summary>
    private byte[]? Batch()
    {
        IngestPlan? source = sources.FirstOrDefault(s => s.Routes.Any(r => r.Entity == plan.Entity));
        if (source is null)
        {
            return null;
        }

        RoutePlan route = source.Routes.First(r => r.Entity == plan.Entity);
        ulong groups = route.Groups.Aggregate(0UL, static (bits, g) => bits | (1UL << g.Number));
        long now = services.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var made = new DecodedEvent(route.Columns.Select(static c => c.Field + 1).DefaultIfEmpty(0).Max()) { EventTimeMs = now };
        var writer = new BatchWriter();
        writer.Begin(source.Source, 0, now, route.Columns);
        for (int row = 0; row < Rows; row++)
        {
            Fill(made, route.Columns, row);
            writer.Add(row, 0, groups, 0, [(byte)'r', (byte)('a' + (row % Keys))], made.View(now), route.Columns);
        }

        long clock = plan.Clock == ClockKind.Event ? now : long.MinValue;
        return writer.Complete(new BatchHeader(source.DefinitionsVersion, 0, source.Source, 0, 1, 0, Rows - 1, clock, IsEnd: false, now)).ToArray();
    }

    private static void Fill(DecodedEvent made, IReadOnlyList<RowColumn> columns, int row)
    {
        long time = made.EventTimeMs;
        made.Clear();
        made.EventTimeMs = time;
        foreach (RowColumn column in columns)
        {
            ref RowCell cell = ref made.Cells[column.Field];
            cell.IsPresent = true;
            switch (column.Type)
            {
                case FieldType.String:
                    cell.Offset = made.Bytes.Append([(byte)'v', (byte)('a' + (row % Keys))]);
                    cell.Length = made.Bytes.Length - cell.Offset;
                    break;
                case FieldType.Decimal:
                    cell.Offset = made.Bytes.Append((decimal)row);
                    cell.Length = made.Bytes.Length - cell.Offset;
                    break;
                case FieldType.Double:
                    cell.Bits = BitConverter.DoubleToInt64Bits(row + 0.5);
                    break;
                default:
                    cell.Bits = row & 1;
                    break;
            }
        }
    }

    /// <summary>Stores that say yes. The log holds one batch; a reader that has given it waits.</summary>
    private sealed class Stage(byte[]? batch) : ICheckpointStore, IShardLog, IShardLogReader, IFeatureSink
    {
        private static readonly ShardHeader Empty = new(new Epoch(1), 0, 0, ReadOnlyMemory<byte>.Empty, long.MinValue, 0, 0);

        private volatile bool _isPublished;
        private volatile bool _isKept;
        private bool _isRead;

        public bool IsPlayed => _isPublished && _isKept;

        public ValueTask<ShardCheckpoint> AcquireAsync(ShardId shard, ShardIdentity identity, ShardOwner owner, CancellationToken cancellationToken) =>
            ValueTask.FromResult(new ShardCheckpoint(Empty.Epoch, Empty, 0, false));

        public ValueTask<CommitOutcome> CommitAsync(ShardId shard, Epoch epoch, CheckpointWrite checkpoint, CancellationToken cancellationToken)
        {
            _isKept = true;
            return ValueTask.FromResult(CommitOutcome.Committed);
        }

        public ValueTask<ShardHeader> ReadHeaderAsync(ShardId shard, CancellationToken cancellationToken) => ValueTask.FromResult(Empty);

        public ValueTask<IReadOnlyList<StoredEntity>> LoadAsync(ShardId shard, IReadOnlyList<ReadOnlyMemory<byte>> keys, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyList<StoredEntity>>([]);

        public ValueTask<IReadOnlyList<StoredEntity>> ReadDueAsync(
            ShardId shard, long dueAtOrBeforeMs, DueCursor? after, int limit, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyList<StoredEntity>>([]);

        public ValueTask<IReadOnlyList<StoredEntity>> ReadKeysAsync(
            ShardId shard, ReadOnlyMemory<byte> after, bool onlyUnpublished, int limit, CancellationToken cancellationToken) =>
            ValueTask.FromResult<IReadOnlyList<StoredEntity>>([]);

        public ValueTask<long> ReadClockAsync(CancellationToken cancellationToken) => ValueTask.FromResult(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());

        public ValueTask<string> OpenAsync(string entity, int partitions, CancellationToken cancellationToken) => ValueTask.FromResult("");

        public ValueTask<long> AppendAsync(ShardId shard, ReadOnlyMemory<byte> entry, CancellationToken cancellationToken) => ValueTask.FromResult(0L);

        public ValueTask<LogRange> GetRangeAsync(ShardId shard, CancellationToken cancellationToken) => ValueTask.FromResult(new LogRange(0, batch is null ? 0 : 1));

        public ValueTask<IShardLogReader> ReadFromAsync(ShardId shard, long nextOffset, CancellationToken cancellationToken) => ValueTask.FromResult<IShardLogReader>(this);

        public ValueTask TrimAsync(ShardId shard, long nextOffset, CancellationToken cancellationToken) => ValueTask.CompletedTask;

        public async ValueTask<IReadOnlyList<LogEntry>> ReadAsync(int bytesMax, CancellationToken cancellationToken)
        {
            if (_isRead || batch is null)
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken).ConfigureAwait(false);
            }

            _isRead = true;
            return [new LogEntry(0, batch)];
        }

        public ValueTask<SinkFence?> RaiseFenceAsync(ShardId shard, Epoch epoch, long number, CancellationToken cancellationToken) => ValueTask.FromResult<SinkFence?>(null);

        public ValueTask<SinkFence?> ReadFenceAsync(ShardId shard, CancellationToken cancellationToken) => ValueTask.FromResult<SinkFence?>(null);

        public ValueTask<SinkKeys> ScanAsync(long cursor, CancellationToken cancellationToken) => ValueTask.FromResult(new SinkKeys([], 0));

        public ValueTask<SinkAnswer> WriteAsync(PublishBatch written, CancellationToken cancellationToken)
        {
            _isPublished = true;
            return ValueTask.FromResult(new SinkAnswer(SinkOutcome.Written, []));
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

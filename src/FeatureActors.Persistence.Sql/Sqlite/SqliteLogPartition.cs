using System.Threading.Channels;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>
/// The log file of one shard. Appends queue up; one drain at a time takes what is there, writes it in one transaction, answers
/// all of them and wakes the readers. The newest entry is never trimmed, so the file itself says which offset comes next.
/// </summary>
internal sealed class SqliteLogPartition : IAsyncDisposable
{
    // Each ingest partition has at most one unacknowledged batch per shard; past this many, further appends wait their turn.
    private const int QueuedAppendsMax = 1024;

    // A trim step frees some 64 entries of 64 KiB in a few milliseconds; appends get in between steps.
    private const int EntriesPerTrimStep = 64;

    private readonly SqliteDatabase _writer;
    private readonly SqliteDatabase _reader;
    private readonly SqliteLane _writeLane;
    private readonly SqliteLane _readLane;
    private readonly int _groupBytesMax;
    private readonly Channel<PendingAppend> _queue =
        Channel.CreateBounded<PendingAppend>(new BoundedChannelOptions(QueuedAppendsMax) { SingleReader = true });

    private readonly Task _draining;
    private TaskCompletionSource _appended = NewSignal();
    private long _begin;
    private long _end;

    private SqliteLogPartition(
        SqliteDatabase writer, SqliteDatabase reader, SqliteLane writeLane, SqliteLane readLane, int groupBytesMax)
    {
        _writer = writer;
        _reader = reader;
        _writeLane = writeLane;
        _readLane = readLane;
        _groupBytesMax = groupBytesMax;
        ReadRange();
        _draining = Task.Run(DrainAsync);
    }

    /// <summary>Offsets held now.</summary>
    public LogRange Range => new(Volatile.Read(ref _begin), Volatile.Read(ref _end));

    /// <summary>Ends at the next append, or when the log is closed. Take it before looking for entries.</summary>
    public Task Appended => Volatile.Read(ref _appended).Task;

    /// <summary>Opens the file, or creates it with <paramref name="identity"/>.</summary>
    /// <exception cref="LogSetupException">The file belongs to another log.</exception>
    public static SqliteLogPartition Open(
        ShardId shard, string path, string identity, SqliteFileProfile profile, SqliteStoreOptions options, SemaphoreSlim appends, SemaphoreSlim reads)
    {
        var writer = SqliteDatabase.OpenWriter(path, profile, SqliteSchemas.Log);
        try
        {
            RequireIdentity(writer, shard, identity);
            var reader = SqliteDatabase.OpenReader(path, profile with { CacheKiB = SqliteShardLog.ReaderCacheKiB });
            return new SqliteLogPartition(
                writer, reader, new SqliteLane(appends), new SqliteLane(reads), options.GroupCommitBytesMax);
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>See <see cref="IShardLog.AppendAsync"/>.</summary>
    public async Task<long> AppendAsync(ReadOnlyMemory<byte> batch, CancellationToken cancellationToken)
    {
        var append = new PendingAppend(batch);
        try
        {
            await _queue.Writer.WriteAsync(append, cancellationToken).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            throw new ObjectDisposedException(typeof(SqliteStores).FullName);
        }

        // Cancelling reaches an append only while it waits: from then on its memory is being read.
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((PendingAppend)state!).TryCancel(token), append).ConfigureAwait(false);
        return await append.Completion.ConfigureAwait(false);
    }

    /// <summary>Entries at and behind <paramref name="nextOffset"/>, at least one if there is any.</summary>
    public Task<IReadOnlyList<LogEntry>> ReadAsync(long nextOffset, int bytesMax, CancellationToken cancellationToken) =>
        _readLane.RunAsync<IReadOnlyList<LogEntry>>(_ => Read(nextOffset, bytesMax), cancellationToken);

    /// <summary>See <see cref="IShardLog.TrimAsync"/>.</summary>
    public async Task TrimAsync(long nextOffset, CancellationToken cancellationToken)
    {
        while (Volatile.Read(ref _begin) < Math.Min(nextOffset, Volatile.Read(ref _end) - 1))
        {
            await _writeLane.RunAsync(_ => TrimStep(nextOffset), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _draining.ConfigureAwait(false);
        Volatile.Read(ref _appended).TrySetResult();
        await _readLane.CloseAsync(_reader.Dispose).ConfigureAwait(false);
        await _writeLane.CloseAsync(_writer.Dispose).ConfigureAwait(false);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static void RequireIdentity(SqliteDatabase writer, ShardId shard, string identity)
    {
        var stored = identity;
        writer.Write(() =>
        {
            var read = writer.Statement("SELECT identity FROM log_identity");
            if (read.Step())
            {
                stored = read.Text(0);
                return false;
            }

            writer.Statement("INSERT INTO log_identity (identity) VALUES (?1)").Bind(1, identity).Run();
            return true;
        });
        if (stored != identity)
        {
            throw new LogSetupException(
                $"could not open the log of shard {shard}: {writer.Path} belongs to another data directory ({stored}, here {identity}); "
                + "restore the whole directory from one backup or start with an empty one");
        }
    }

    private void ReadRange()
    {
        var read = _writer.Statement("SELECT coalesce(min(log_offset), 0), coalesce(max(log_offset), -1) + 1 FROM log");
        _ = read.Step();
        _begin = read.Long(0);
        _end = read.Long(1);
        read.Reset();
    }

    private async Task DrainAsync()
    {
        List<PendingAppend> group = [];
        while (await _queue.Reader.WaitToReadAsync(CancellationToken.None).ConfigureAwait(false))
        {
            TakeGroup(group);
            if (group.Count == 0)
            {
                continue;
            }

            try
            {
                var first = await _writeLane.RunAsync(_ => WriteGroup(group), CancellationToken.None).ConfigureAwait(false);
                for (var index = 0; index < group.Count; index++)
                {
                    group[index].Succeed(first + index);
                }
            }
#pragma warning disable CA1031 // Whatever it is, it belongs to the callers whose appends failed; the drain goes on.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                foreach (var append in group)
                {
                    append.Fail(exception);
                }
            }

            group.Clear();
        }
    }

    private void TakeGroup(List<PendingAppend> group)
    {
        var bytes = 0L;
        while (bytes < _groupBytesMax && _queue.Reader.TryRead(out var append))
        {
            if (append.TryStart())
            {
                group.Add(append);
                bytes += append.Batch.Length;
            }
        }
    }

    private long WriteGroup(List<PendingAppend> group)
    {
        var first = _end;
        _writer.Write(() =>
        {
            var insert = _writer.Statement("INSERT INTO log (log_offset, batch) VALUES (?1, ?2)");
            for (var index = 0; index < group.Count; index++)
            {
                insert.Bind(1, first + index).Bind(2, group[index].Batch.Span).Run();
            }

            return true;
        });
        Volatile.Write(ref _end, first + group.Count);
        Interlocked.Exchange(ref _appended, NewSignal()).TrySetResult();
        return first;
    }

    private List<LogEntry> Read(long nextOffset, int bytesMax)
    {
        List<LogEntry> entries = [];
        var bytes = 0L;
        var select = _reader.Statement("SELECT log_offset, batch FROM log WHERE log_offset >= ?1 ORDER BY log_offset").Bind(1, nextOffset);
        while (bytes < bytesMax && select.Step())
        {
            var batch = select.Bytes(1);
            bytes += batch.Length;
            if (bytes > bytesMax && entries.Count > 0)
            {
                break;
            }

            entries.Add(new LogEntry(select.Long(0), batch.ToArray()));
        }

        select.Reset();
        return entries;
    }

    private long TrimStep(long nextOffset)
    {
        var bound = Math.Min(Math.Min(nextOffset, _end - 1), _begin + EntriesPerTrimStep);
        _writer.Write(() =>
        {
            _writer.Statement("DELETE FROM log WHERE log_offset < ?1").Bind(1, bound).Run();
            return true;
        });
        Volatile.Write(ref _begin, bound);
        return bound;
    }

    /// <summary>One append on its way: waiting, then writing or cancelled.</summary>
    private sealed class PendingAppend(ReadOnlyMemory<byte> batch)
    {
        private readonly TaskCompletionSource<long> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _isTaken;

        public ReadOnlyMemory<byte> Batch { get; } = batch;

        public Task<long> Completion => _completion.Task;

        public bool TryStart() => Interlocked.Exchange(ref _isTaken, 1) == 0;

        public void TryCancel(CancellationToken cancellationToken)
        {
            if (Interlocked.Exchange(ref _isTaken, 1) == 0)
            {
                _completion.TrySetCanceled(cancellationToken);
            }
        }

        public void Succeed(long offset) => _completion.TrySetResult(offset);

        public void Fail(Exception exception) => _completion.TrySetException(exception);
    }
}

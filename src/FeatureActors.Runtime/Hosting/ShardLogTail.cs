using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Runtime.Hosting;

/// <summary>
/// Reads the log of one shard onwards and knows its end. One read at a time; a client that stops fetching without an error is
/// noticed, and its reader opened anew where it stood.
/// </summary>
internal sealed class ShardLogTail(ShardId shard, IShardLog log, DependencyCalls calls, TimeProvider time, ILogger logger)
{
    private const int ReadBytes = 256 * 1024;
    private const long StallMs = 10_000;

    private IShardLogReader? _reader;
    private CancellationTokenSource? _readerStop;
    private Task _stallCheck = Task.CompletedTask;
    private bool _isReading;
    private long _readFrom;
    private long _readSinceMs;
    private long? _endSeen;
    private long _end = -1;

    /// <summary>Log offset that the next batch will get, as last asked for; −1 while unknown. Any thread.</summary>
    public long End => Volatile.Read(ref _end);

    /// <summary>Asks the log for its range.</summary>
    public async ValueTask<LogRange> GetRangeAsync(CancellationToken cancellationToken)
    {
        LogRange range = await log.GetRangeAsync(shard, cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _end, range.End);
        return range;
    }

    /// <summary>Waits for the entries from an offset on, which is where the last read ended, or the first offset wanted.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was set.</exception>
    public async Task<IReadOnlyList<LogEntry>> ReadAsync(long from, CancellationToken stop)
    {
        _readFrom = from;
        _endSeen = null;
        Volatile.Write(ref _readSinceMs, MonotonicMs);
        Volatile.Write(ref _isReading, true);
        await Task.Yield();
        while (true)
        {
            try
            {
                _readerStop ??= CancellationTokenSource.CreateLinkedTokenSource(stop);
                _reader ??= await log.ReadFromAsync(shard, from, _readerStop.Token).ConfigureAwait(false);
                IReadOnlyList<LogEntry> entries = await _reader.ReadAsync(ReadBytes, _readerStop.Token).ConfigureAwait(false);
                Volatile.Write(ref _isReading, false);
                return entries;
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                await CloseReaderAsync().ConfigureAwait(false);
            }
            catch (FeatureActorsException error)
            {
                calls.Say(error);
                await CloseReaderAsync().ConfigureAwait(false);
                await calls.PauseAsync(stop).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Begins to look whether a read that has waited for long still fetches. Called from time to time.</summary>
    public void CheckStall(CancellationToken stop)
    {
        if (Volatile.Read(ref _isReading) && _stallCheck.IsCompleted && MonotonicMs - Volatile.Read(ref _readSinceMs) > StallMs)
        {
            _stallCheck = CheckStallAsync(stop);
        }
    }

    /// <summary>Closes the reader; no read is under way any more.</summary>
    public async ValueTask CloseAsync()
    {
        await _stallCheck.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CloseReaderAsync().ConfigureAwait(false);
    }

    private long MonotonicMs => (long)time.GetElapsedTime(0).TotalMilliseconds;

    // A read that waits although the log has had more for a whole interval fetches no more.
    private async Task CheckStallAsync(CancellationToken stop)
    {
        long from = _readFrom;
        try
        {
            LogRange range = await GetRangeAsync(stop).ConfigureAwait(false);
            if (from == _readFrom && _endSeen > from)
            {
                Log.ReaderStalled(logger, shard, from, range.End);
                _endSeen = null;
                await (_readerStop?.CancelAsync() ?? Task.CompletedTask).ConfigureAwait(false);
            }
            else
            {
                _endSeen = from == _readFrom ? range.End : null;
            }
        }
        catch (Exception error) when (error is FeatureActorsException or OperationCanceledException or ObjectDisposedException)
        {
            // The broker is away, the actor ends, or the reader was closed meanwhile.
        }

        Volatile.Write(ref _readSinceMs, MonotonicMs);
    }

    private async ValueTask CloseReaderAsync()
    {
        if (_reader is { } reader)
        {
            _reader = null;
            await reader.DisposeAsync().ConfigureAwait(false);
        }

        _readerStop?.Dispose();
        _readerStop = null;
    }
}

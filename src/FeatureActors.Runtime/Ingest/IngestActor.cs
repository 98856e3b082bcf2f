using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;
using FeatureActors.Runtime.Hosting;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Runtime.Ingest;

/// <summary>
/// Reads one partition of one source and brings its rows into the shard logs: decode, route, pack, append. For each shard one
/// batch is on its way at a time and is repeated until the log has it, so batches of a partition stand in the log in offset order
/// without a gap. What the logs have is saved as the partition's position; a restart begins there and repeats the rest, which
/// the shards drop by their marks.
/// </summary>
internal sealed class IngestActor : IRowTarget, IWatched
{
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);

    private readonly IngestPlan _plan;
    private readonly IEventSource _source;
    private readonly int _partition;
    private readonly NodePorts _ports;
    private readonly NodeRuntimeOptions _options;
    private readonly DeadLetterWriter _letters;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SourceBeginnings _beginnings;
    private readonly PositionSaver _positions;
    private readonly List<DeadLetter> _refused = [];
    private readonly AsyncSignal _acknowledged = new();
    private readonly EventChunk _chunk = new();
    private ShardFeeds _feeds;
    private SourceCourse? _course;
    private int _partitions;
    private int _lane;
    private long _lastOffset = -1;
    private long _clockMs = long.MinValue;
    private int _event;
    private bool _isEnded;
    private long _nowMs;
    private long _monotonicMs;

    public IngestActor(
        IngestPlan plan, IEventSource source, int partition, NodePorts ports, NodeRuntimeOptions options, DeadLetterWriter letters, TimeProvider time, ILogger logger)
    {
        _plan = plan;
        _source = source;
        _partition = partition;
        _ports = ports;
        _options = options;
        _letters = letters;
        _time = time;
        _logger = logger;
        _feeds = NewFeeds();
        _beginnings = new SourceBeginnings(plan, source, partition, ports, options, time);
        _positions = new PositionSaver(plan, partition, ports.Positions, letters, time, logger, SafeOffset);
    }

    public string Source => _plan.Source;

    public int Partition => _partition;

    public PluginCallWatch Watch { get; } = new();

    public IngestCounters Counters { get; } = new();

    public IngestState State { get; private set; } = IngestState.Starting;

    /// <summary>Lowest offset of the partition that is not routed to its end. Any thread.</summary>
    public long NextOffset => Volatile.Read(ref _lastOffset) + 1;

    /// <summary>Why the partition stands still, or null.</summary>
    public string? Halt { get; private set; }

    /// <summary>Reads until cancelled, ended or refused. On cancellation what waits is dropped: a restart repeats it.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "A failure that nobody foresaw is reported, and the partition read again from its saved position.")]
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                try
                {
                    await ReadAsync(cancellationToken).ConfigureAwait(false);
                    return;
                }
                catch (BatchRefusedException error)
                {
                    State = IngestState.Refused;
                    Halt = error.Message;
                    Log.Refused(_logger, Source, _partition, error.Message);
                    return;
                }
                catch (OlderDefinitionsException error)
                {
                    State = IngestState.OlderDefinitions;
                    Halt = $"source {Source} partition {_partition} stands still: {error.Message}";
                    Log.Refused(_logger, Source, _partition, error.Message);
                    return;
                }
                catch (FeatureActorsException error) when (error.IsTransient)
                {
                    Log.Waits(_logger, Source, _partition, error.Message);
                    await Task.Delay(Retry, _time, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception error) when (!cancellationToken.IsCancellationRequested)
                {
                    // From the saved position nothing is lost, and what is repeated the shards drop.
                    Log.Broke(_logger, error, Source, _partition);
                    await Task.Delay(Retry, _time, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            State = IngestState.Stopped;
        }
    }

    void IRowTarget.Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row)
    {
        _feeds.Add(_chunk[_event].Offset, ordinal, groups, eventIdHash, key, row, _monotonicMs);
        Counters.Rows++;
    }

    void IRowTarget.Refuse(int ordinal, string group, string reason, string error)
    {
        ReadOnlySpan<byte> bytes = _chunk.Bytes(_event);
        Counters.Refused++;
        _refused.Add(new DeadLetter
        {
            Source = Source,
            Partition = _partition,
            Offset = _chunk[_event].Offset,
            Ordinal = ordinal,
            Group = group,
            Reason = reason,
            Error = $"could not use event: {error} ({Source}-{_partition}@{_chunk[_event].Offset})",
            AtMs = _nowMs,
            Bytes = bytes[..Math.Min(bytes.Length, DeadLetter.BytesMax)].ToArray(),
            Length = bytes.Length,
            Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)),
        });
    }

    private long MonotonicMs => (long)_time.GetElapsedTime(0).TotalMilliseconds;

    private ShardFeeds NewFeeds() => new(_plan, _options.Linger, _options.BatchBytes, _options.WriteFormat);

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        _feeds = NewFeeds();
        _refused.Clear();
        _isEnded = false;
        await _positions.EndAsync().ConfigureAwait(false);
        SourceBeginning beginning = await _beginnings.FindAsync(_feeds.Shards, AppendAsync, cancellationToken).ConfigureAwait(false);
        if (beginning.Course is not { } course)
        {
            (State, Halt) = (beginning.State, beginning.Halt);
            Log.StandsStill(_logger, Source, _partition, State, Halt!);
            return;
        }

        (_course, _lane, _partitions) = (course, beginning.Lane, beginning.Partitions);
        long start = beginning.Start;
        _feeds.Use(course.Plan);
        IEventReader reader = await _source.ReadFromAsync(_partition, start, cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            State = IngestState.Running;
            Log.Starts(_logger, Source, _partition, start, _lane);
            _lastOffset = start - 1;
            Counters.NextOffset = start;
            _positions.Begin(course);
            while (!_isEnded)
            {
                await WaitForEventsAsync(reader, cancellationToken).ConfigureAwait(false);
                await RouteChunkAsync(cancellationToken).ConfigureAwait(false);
            }

            while (!_feeds.IsEndAcknowledged)
            {
                FlushDue(isLingerOver: true);
                await _acknowledged.WaitAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            }

            await _positions.SaveTheEndAsync(cancellationToken).ConfigureAwait(false);
            State = IngestState.Ended;
            Log.Ended(_logger, Source, _partition, _lastOffset + 1);
        }
    }

    private async Task WaitForEventsAsync(IEventReader reader, CancellationToken cancellationToken)
    {
        Task read = reader.ReadAsync(_chunk, cancellationToken).AsTask();
        while (!read.IsCompleted)
        {
            _monotonicMs = MonotonicMs;
            FlushDue(isLingerOver: false);
            _positions.SaveIfTime(cancellationToken);
            bool isAnythingOpen = _feeds.IsAnythingOpen || _clockMs != long.MinValue
                || _positions.Saved <= _lastOffset;
            if (!isAnythingOpen)
            {
                break;
            }

            Task acknowledged = _acknowledged.WaitAsync();
            Task linger = Task.Delay(_options.Linger, _time, cancellationToken);
            await Task.WhenAny(read, acknowledged, linger).ConfigureAwait(false);
        }

        await read.ConfigureAwait(false);
    }

    private async Task RouteChunkAsync(CancellationToken cancellationToken)
    {
        _nowMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
        _monotonicMs = MonotonicMs;
        if (_chunk.SkippedFrom is { } skipped && _chunk.Count > 0)
        {
            Counters.Skipped += _chunk[0].Offset - skipped;
            Log.Skipped(_logger, Source, _partition, skipped, _chunk[0].Offset);
        }

        SourceCourse course = _course!;
        for (_event = 0; _event < _chunk.Count; _event++)
        {
            if (_chunk[_event].Offset >= course.Until)
            {
                await TakeNextVersionAsync(course, _chunk[_event].Offset, cancellationToken).ConfigureAwait(false);
            }

            if (course.Plan.Format is { Part.IsOff: true } format)
            {
                await WaitForFormatAsync(format.Part, cancellationToken).ConfigureAwait(false);
            }

            PluginCallWatch.Attach(Watch);
            try
            {
                course.Router.Route(_chunk.Bytes(_event), _nowMs, this);
            }
            finally
            {
                PluginCallWatch.Attach(null);
            }

            _lastOffset = _chunk[_event].Offset;
            if (_plan.Clock == ClockKind.Event && course.Router.EventTimeMs > _clockMs)
            {
                _clockMs = course.Router.EventTimeMs;
            }

            if ((_event & 255) == 255)
            {
                FlushDue(isLingerOver: false);
                await WaitForRoomAsync(cancellationToken).ConfigureAwait(false);
            }
        }

        _lastOffset = Math.Max(_lastOffset, _chunk.NextOffset - 1);
        await TakeNextVersionAsync(course, _lastOffset + 1, cancellationToken).ConfigureAwait(false);
        Counters.Events += _chunk.Count;
        Counters.Bytes += _chunk.ByteCount;
        Counters.NextOffset = _lastOffset + 1;
        Counters.Clamped = course.Clamped;
        if (_chunk.EndMs is { } end)
        {
            _clockMs = Math.Max(_clockMs, end);
            _isEnded = true;
        }

        Counters.ClockMs = _clockMs;
        await KeepRefusedAsync(cancellationToken).ConfigureAwait(false);
        FlushDue(isLingerOver: false);
        await WaitForRoomAsync(cancellationToken).ConfigureAwait(false);
        _positions.SaveIfTime(cancellationToken);
    }

    /// <summary>Goes on by the definitions that are in force at an offset, once nothing waits that those before it have made.</summary>
    private async ValueTask TakeNextVersionAsync(SourceCourse course, long offset, CancellationToken cancellationToken)
    {
        while (offset >= course.Until)
        {
            FlushDue(isLingerOver: true);
            while (_feeds.IsAnythingWaiting)
            {
                await _acknowledged.WaitAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
                FlushDue(isLingerOver: true);
            }

            long from = course.Until;
            course.Advance();
            _feeds.Use(course.Plan);
            Log.VersionBegins(_logger, Source, _partition, course.Plan.DefinitionsVersion, from);
        }
    }

    private async ValueTask KeepRefusedAsync(CancellationToken cancellationToken)
    {
        foreach (DeadLetter letter in _refused)
        {
            await _letters.AddAsync(letter, cancellationToken).ConfigureAwait(false);
        }

        _refused.Clear();
    }

    /// <summary>
    /// Stands still while the plug-in that decodes the events is switched off: without it no event can be read, and none is skipped. What
    /// was read before reaches the logs.
    /// </summary>
    private async Task WaitForFormatAsync(PluginPart format, CancellationToken cancellationToken)
    {
        State = IngestState.FormatOff;
        Halt = $"source {Source} partition {_partition} stands still: its format of plug-in {format.Plugin} is switched off ({format.OffReason}); ./fa plugins switch-on {format.Name} goes on";
        Log.FormatOff(_logger, Source, _partition, format.Plugin, format.OffReason ?? "", format.Name);
        await KeepRefusedAsync(cancellationToken).ConfigureAwait(false);
        while (format.IsOff)
        {
            FlushDue(isLingerOver: true);
            _positions.SaveIfTime(cancellationToken);
            _monotonicMs = MonotonicMs;
            await Task.Delay(Retry, _time, cancellationToken).ConfigureAwait(false);
        }

        State = IngestState.Running;
        Halt = null;
        _nowMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
    }

    private async ValueTask WaitForRoomAsync(CancellationToken cancellationToken)
    {
        while (!_feeds.HasRoom)
        {
            await _acknowledged.WaitAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
            FlushDue(isLingerOver: false);
        }
    }

    private void FlushDue(bool isLingerOver)
    {
        var header = new BatchHeader(_course!.Plan.DefinitionsVersion, _lane, Source, _partition, _partitions, 0, _lastOffset, _clockMs, _isEnded, _nowMs)
        {
            NodeVersion = _plan.DefinitionsVersion,
        };
        Counters.Batches += _feeds.FlushDue(header, _monotonicMs, isLingerOver, AppendAsync);
    }

    private Task AppendAsync(ShardId shard, ReadOnlyMemory<byte> batch)
    {
        Task append = Task.Run(() => AppendUntilThereAsync(shard, batch));

        // Behind its end: who is woken finds it completed, or would wait for a signal that never comes.
        _ = append.ContinueWith(
            static (_, signal) => ((AsyncSignal)signal!).Set(), _acknowledged, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return append;
    }

    private async Task AppendUntilThereAsync(ShardId shard, ReadOnlyMemory<byte> batch)
    {
        while (true)
        {
            try
            {
                await _ports.Log.AppendAsync(shard, batch, CancellationToken.None).ConfigureAwait(false);
                Interlocked.Add(ref Counters.BatchBytes, batch.Length);
                return;
            }
            catch (FeatureActorsException error) when (error.IsTransient)
            {
                Log.Waits(_logger, Source, _partition, error.Message);
                await Task.Delay(Retry, _time).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The offset below which every row is in its log and every refused event was handed to the dead-letter writer.</summary>
    private long SafeOffset() => _feeds.SafeOffset(_lastOffset + 1);
}

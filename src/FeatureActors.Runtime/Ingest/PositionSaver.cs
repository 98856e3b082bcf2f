using System.Runtime.ExceptionServices;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Hosting;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Runtime.Ingest;

/// <summary>
/// Saves how far one source partition has come, behind the reading: while the store is away events go on into the logs, and what is
/// repeated after a crash grows by them.
/// </summary>
/// <param name="plan">The source.</param>
/// <param name="partition">Its partition.</param>
/// <param name="store">Keeps the position.</param>
/// <param name="letters">Takes refused events; a position is saved once those below it are kept.</param>
/// <param name="time">Measures intervals.</param>
/// <param name="logger">Is told when the store is away.</param>
/// <param name="safeOffset">The offset below which every row is in its log and every refused event with <paramref name="letters"/>.</param>
internal sealed class PositionSaver(
    IngestPlan plan, int partition, ISourcePositions store, DeadLetterWriter letters, TimeProvider time, ILogger logger, Func<long> safeOffset)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);

    private Task _saving = Task.CompletedTask;
    private long _saved = -1;
    private long _savedAt;
    private bool _isFailing;
    private SourceCourse? _course;

    /// <summary>The offset saved last; −1 before the first.</summary>
    public long Saved => Volatile.Read(ref _saved);

    /// <summary>A new attempt at reading begins; nothing is being saved.</summary>
    /// <param name="course">The versions of the definitions along the partition.</param>
    public void Begin(SourceCourse course)
    {
        _course = course;
        Volatile.Write(ref _saved, -1);
    }

    /// <summary>Ends when nothing is being saved any more.</summary>
    public Task EndAsync() => _saving;

    /// <summary>Begins to save when the last time is long enough ago and there is something new.</summary>
    public void SaveIfTime(CancellationToken cancellationToken)
    {
        if (_saving.Exception is { } error)
        {
            ExceptionDispatchInfo.Throw(error.InnerException ?? error);
        }

        if (_saving.IsCompleted && (_savedAt == 0 || time.GetElapsedTime(_savedAt) >= Interval))
        {
            _savedAt = time.GetTimestamp();
            if (safeOffset() is var safe && safe > _saved)
            {
                _saving = SaveAsync(safe, cancellationToken);
            }
        }
    }

    /// <summary>Saves the last offset, however long that takes.</summary>
    public async Task SaveTheEndAsync(CancellationToken cancellationToken)
    {
        await _saving.ConfigureAwait(false);
        while (safeOffset() > _saved)
        {
            await SaveAsync(safeOffset(), cancellationToken).ConfigureAwait(false);
            if (_isFailing)
            {
                await Task.Delay(Retry, time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    // Once the refused events below the offset are kept. A store that is away is tried again at the next time.
    private async Task SaveAsync(long safe, CancellationToken cancellationToken)
    {
        try
        {
            await letters.FlushAsync(cancellationToken).ConfigureAwait(false);
            DefinitionsStart at = _course!.At(safe);
            await store.SaveAsync(
                [new SourcePosition(at.Source, at.Partition, at.Lane, safe, at.Version, at.From) { NodeVersion = plan.DefinitionsVersion }], cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref _saved, safe);
            _isFailing = false;
        }
        catch (FeatureActorsException error) when (error.IsTransient)
        {
            if (!_isFailing)
            {
                Log.PositionWaits(logger, plan.Source, partition, error.Message);
            }

            _isFailing = true;
        }
    }
}

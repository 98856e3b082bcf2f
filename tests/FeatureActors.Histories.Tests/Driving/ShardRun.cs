using FeatureActors.Core.Definitions;
using FeatureActors.Histories.Tests.Model;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Histories.Tests.Driving;

/// <summary>
/// Runs a history through a whole shard and holds what stands in the sink against the naive group and a naive model of the triggers,
/// at every boundary, arrival and trigger time.
/// </summary>
internal sealed class ShardRun
{
    private const int StopsMax = 20_000;
    private const int DecayStopsMax = 60;
    private const long Minute = 60_000;

    private readonly History _history;
    private readonly NaiveGroup _naive;
    private readonly ShardUnderTest _shard;
    private readonly PlantedFault _fault;
    private readonly Random _random;
    private IReadOnlyDictionary<string, string>? _written;
    private readonly NaiveTrigger _trigger;
    private long _pendingMs = long.MaxValue;
    private long _changedMs = long.MaxValue;
    private bool _isUnwritten;
    private bool _isWritten;

    // True when the shard may or may not have evaluated what waits, as an exit or time that only the node's clock saw makes it.
    private bool _isVague;
    private int _next;
    private int _decayStops;

    private ShardRun(History history, ShardUnderTest shard, PlantedFault fault)
    {
        (_history, _shard, _fault) = (history, shard, fault);
        _naive = new NaiveGroup(history.Group);
        _trigger = new NaiveTrigger(history.Group.Trigger, _naive.Fields);
        _random = new Random((int)(history.Seed * 17 % int.MaxValue));
    }

    public long Comparisons { get; private set; }

    public static string? Run(History history, DefinitionsPlan plan, PlantedFault fault, ref long comparisons)
    {
        ShardRun? run = null;
        try
        {
            var random = new Random((int)(history.Seed * 13 % int.MaxValue));
            var options = new ShardOptions
            {
                CheckpointInterval = TimeSpan.FromMilliseconds(random.Next(1, 20_000)),
                PassivateAfter = IsCalm(history) ? TimeSpan.FromDays(3_650) : TimeSpan.FromMilliseconds(random.Next(1, 60_000)),
            };
            using var shard = new ShardUnderTest(plan, options, history.Rows[0].ArrivalMs - 1);
            run = new ShardRun(history, shard, fault);
            run.Go();
            return null;
        }
        catch (HistoryFailedException failure)
        {
            return failure.Message;
        }
#pragma warning disable CA1031 // Whatever the engine throws is a difference.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return $"threw {error}";
        }
        finally
        {
            comparisons += run?.Comparisons ?? 0;
        }
    }

    /// <summary>
    /// True for half of the histories with a trigger on values: nobody dies and nothing leaves memory, so that nothing is written
    /// because the shard is not sure of it, and what a trigger keeps back must stay unwritten.
    /// </summary>
    private static bool IsCalm(History history) => history.Group.Trigger.IsOfValue && (history.Seed >> 3) % 2 == 0;

    private void Go()
    {
        long now = _history.Rows[0].ArrivalMs - 1;
        for (int stops = 0; stops < StopsMax; stops++)
        {
            long next = NextStop(now);
            if (next == long.MaxValue)
            {
                End(now);
                return;
            }

            Stop(now, next);
            now = next;
            if (_naive.IsDoubtful)
            {
                return;
            }
        }

        throw new HistoryFailedException("there is no end to the stops");
    }

    private long NextStop(long now)
    {
        long arrival = _next < _history.Rows.Count ? _history.Rows[_next].ArrivalMs : long.MaxValue;
        long boundary = _naive.NextBoundary(now);
        if (boundary - 1 > now && boundary != long.MaxValue && _random.Next(2) == 0)
        {
            boundary--;
        }

        long next = Math.Min(Math.Min(arrival, boundary), Math.Min(_pendingMs, LatestMs));
        if (_naive.AgeingStepMs is { } step && _decayStops < DecayStopsMax)
        {
            _decayStops++;
            next = Math.Min(next, WindowSpec.Floor(now, step) + step);
        }

        return next;
    }

    /// <summary>With slot expiry alone a change is written when the slot of the present closes, which is not before long.</summary>
    private long LatestMs => _changedMs == long.MaxValue || _history.Group.Trigger.Kind != "expiry"
        ? long.MaxValue
        : _changedMs + _history.Group.Features.SelectMany(static f => f.Windows).Select(static w => w switch
        {
            SlidingSpec s => s.SlotMs,
            TumblingSpec t => t.PeriodMs,
            CalendarSpec => 32L * 86_400_000,
            SessionSpec s => s.GapMs + s.LatenessMs,
            _ => 0,
        }).Append(_history.Group.IdleMs is 0 or long.MaxValue ? 0 : SlidingSpec.StandardSlot(_history.Group.IdleMs)).Max() + Minute;

    private void Stop(long before, long now)
    {
        bool isBoundary = _naive.NextBoundary(before) <= now;
        _shard.Advance(now, []);
        bool isSettled = isBoundary && !IsCalm(_history)
            && SinkDifference.Of(_naive.Fields, _naive.Evaluate(now), _shard.Read(), hasAgeing: false) is not null;
        if (isSettled)
        {
            _shard.Settle(now);
        }

        Judge(now, isBoundary);
        _isVague |= _pendingMs != long.MaxValue && (isSettled || (isBoundary && _history.Group.Trigger.IsOfValue));
        if (_next < _history.Rows.Count && _history.Rows[_next].ArrivalMs <= now)
        {
            TakeRows(now);
        }

        if (!_naive.IsDoubtful && _random.Next(40) == 0 && !IsCalm(_history))
        {
            // The next owner finds what the first one checkpointed, and reads the rest of the log again.
            _shard.Restart();
            _shard.Advance(now, []);
            _shard.Settle(now);
            JudgeNewOwner(now);
        }
    }

    private void JudgeNewOwner(long now)
    {
        // What its predecessor looked at since the last checkpoint it has not seen.
        _trigger.ForgetTruth();
        bool isOnNodesClock = _history.Group.Trigger.Kind is not ("timer" or "expiry");
        if (isOnNodesClock && _changedMs != long.MaxValue)
        {
            // Settling takes longer than any coalescing: what waited has been looked at, and the next change waits anew.
            _pendingMs = now;
            Judge(now, isBoundary: false);
        }

        Judge(now, isBoundary: true);
        _trigger.ForgetTruth();
        if (!isOnNodesClock)
        {
            // To it the rows that it replays are changes, which wait for the trigger as new ones do.
            SeeChange(now);
        }
    }

    private void TakeRows(long now)
    {
        var rows = new List<HistoryRow>();
        bool hasTaken = false;
        while (_next < _history.Rows.Count && _history.Rows[_next].ArrivalMs <= now)
        {
            HistoryRow row = _history.Rows[_next++];
            hasTaken |= _naive.Apply(row, now) == Fate.Taken;
            if (_fault != PlantedFault.RowLost || _random.Next(3) != 0)
            {
                rows.Add(row);
            }
        }

        if (hasTaken && (_changedMs == long.MaxValue || _isVague || (_isWritten && !IsCalm(_history))))
        {
            // What waits already may be looked at at its own time or at that of the new change.
            _isVague |= _changedMs != long.MaxValue;
            SeeChange(now);
        }

        if (_naive.IsDoubtful)
        {
            return;
        }

        _shard.Advance(now, rows);
        Judge(now, isBoundary: false);
    }

    private void SeeChange(long now)
    {
        TriggerSpec trigger = _history.Group.Trigger;
        _changedMs = now;
        _pendingMs = trigger.Kind switch
        {
            "timer" => WindowSpec.Floor(now, trigger.Ms) + trigger.Ms,
            "expiry" => long.MaxValue,
            _ => now + trigger.Ms,
        };
    }

    private void Judge(long now, bool isBoundary)
    {
        IReadOnlyDictionary<string, string>? read = _shard.Read();
        IReadOnlyList<Want> wants = _naive.Evaluate(now);
        bool isDue = _pendingMs <= now || LatestMs <= now;
        bool isExit = isBoundary && IsExit(wants, now);
        bool isSame = Same(read, _written);
        string? difference = SinkDifference.Of(_naive.Fields, wants, read, hasAgeing: false);
        bool mustBeNew;
        bool mayBeOld;
        if (_history.Group.Trigger.IsOfValue)
        {
            bool? fires = isDue && !isBoundary && !_isVague ? _trigger.Fires(wants) : null;
            if (fires == false && (!IsCalm(_history) || _history.Group.Features.Any(static f => f.IsAgeing)))
            {
                fires = null;
            }

            mustBeNew = fires == true || (!_isUnwritten && !isDue && _changedMs == long.MaxValue) || isExit;
            mayBeOld = !mustBeNew;
            if (fires == false && !isSame)
            {
                throw new HistoryFailedException($"T {now}: the group was written though its trigger does not fire");
            }
        }
        else
        {
            mayBeOld = _changedMs != long.MaxValue && !isDue;
            mustBeNew = !mayBeOld;
        }

        Comparisons += wants.Count;
        if (difference is not null && (mustBeNew || !mayBeOld || !isSame))
        {
            throw new HistoryFailedException($"T {now}: {difference}");
        }

        if (difference is null)
        {
            _trigger.SeeWrite(read is null ? null : wants);
            _isUnwritten = false;
        }
        else
        {
            _isUnwritten = true;
        }

        if (isDue || isBoundary)
        {
            _naive.SeeEvaluation(now);
            if (isBoundary && _changedMs != long.MaxValue)
            {
                _trigger.ForgetTruth();
            }
            else
            {
                _trigger.SeeEvaluation(wants);
            }
        }
        else if (!isSame && difference is null)
        {
            // Evaluated for an earlier change that showed nothing.
            _trigger.SeeEvaluation(wants);
        }

        // With nothing left to write the shard may have evaluated, as an exit or a new owner makes it: the next change may wait anew.
        _isWritten = difference is null;
        if (isDue || isExit)
        {
            _pendingMs = _changedMs = long.MaxValue;
            _isVague = false;
        }

        _written = read;
    }

    /// <summary>True when what enters or leaves at T changes a value, so that all that was kept back is written with it.</summary>
    private bool IsExit(IReadOnlyList<Want> wants, long now) => IsCalm(_history)
        && _naive.Evaluate(now - 1).Select((w, i) => !_naive.Fields[i].Feature.IsAgeing && Comparison.Show(w) != Comparison.Show(wants[i])).Contains(true);

    private static bool Same(IReadOnlyDictionary<string, string>? a, IReadOnlyDictionary<string, string>? b) =>
        (a is null && b is null) || (a is not null && b is not null && Values(a).SequenceEqual(Values(b)));

    private static IEnumerable<KeyValuePair<string, string>> Values(IReadOnlyDictionary<string, string> hash) =>
        hash.Where(static f => f.Key is not ("_v" or "_t")).OrderBy(static f => f.Key, StringComparer.Ordinal);

    private void End(long now)
    {
        if (_naive.IsAnythingForLife || _history.Group.Features.Any(static f => f.IsAgeing))
        {
            return;
        }

        // Closed sessions stay a while for late rows; then nothing is left.
        _shard.Advance(now + (100L * 86_400_000), []);
        _shard.Advance(now + (100L * 86_400_000) + 1_000, []);
        _shard.Settle(now + (100L * 86_400_000) + 1_000);
        if (_shard.Read() is { } hash)
        {
            throw new HistoryFailedException($"T {now}: everything has left, and the key still stands: {string.Join(' ', hash.Select(static f => $"{f.Key}={f.Value}"))}");
        }
    }
}

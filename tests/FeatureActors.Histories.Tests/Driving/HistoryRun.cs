using FeatureActors.Histories.Tests.Model;

namespace FeatureActors.Histories.Tests.Driving;

/// <summary>
/// Runs a history through the engine on virtual time and holds what would be published against the naive group: at every evaluation,
/// and at every boundary (and the millisecond before it) with what was published last.
/// </summary>
internal sealed class HistoryRun
{
    private const int StopsMax = 200_000;

    private readonly History _history;
    private readonly NaiveGroup _naive;
    private readonly EngineUnderTest _engine;
    private readonly PlantedFault _fault;
    private readonly Random _random;
    private readonly int[] _place;
    private PublishedValue[] _published = [];
    private long _evaluatedAtMs = long.MinValue;
    private long _dueMs = long.MaxValue;
    private long _pendingMs = long.MaxValue;
    private int _next;

    private HistoryRun(History history, EngineUnderTest engine, PlantedFault fault)
    {
        (_history, _engine, _fault) = (history, engine, fault);
        _naive = new NaiveGroup(history.Group);
        _random = new Random((int)(history.Seed * 31 % int.MaxValue));
        List<string> names = [.. engine.FieldNames];
        _place = [.. _naive.Fields.Select(f => names.IndexOf(f.Name))];
        if (_place.Contains(-1) || names.Count != _place.Length)
        {
            throw new HistoryFailedException($"the fields are {string.Join(' ', names)}, must be {string.Join(' ', _naive.Fields.Select(static f => f.Name))}");
        }
    }

    public int Comparisons { get; private set; }

    /// <summary>Null when the engine gave what it had to, else the first difference.</summary>
    public static string? Run(History history, EngineUnderTest engine, PlantedFault fault, ref long comparisons)
    {
        HistoryRun? run = null;
        try
        {
            run = new HistoryRun(history, engine, fault);
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

    private void Go()
    {
        long now = _history.Rows.Count == 0 ? 0 : _history.Rows[0].ArrivalMs - 1;
        for (int stops = 0; ; stops++)
        {
            long next = NextStop(now);
            if (next == long.MaxValue)
            {
                break;
            }

            if (stops > StopsMax)
            {
                throw new HistoryFailedException($"the engine is due again and again: {_dueMs} at T {now}");
            }

            now = next;
            Stop(now);
        }

        // Nothing is due any more: what lives for ever is right a hundred days later too, the rest is gone.
        Evaluate(now + (100L * 86_400_000));
        if (_dueMs == long.MaxValue && _engine.IsAlive && !_naive.IsAnythingForLife)
        {
            throw new HistoryFailedException("everything has left and the engine keeps state");
        }
    }

    private long NextStop(long now)
    {
        long arrival = _next < _history.Rows.Count ? _history.Rows[_next].ArrivalMs : long.MaxValue;
        if (_history.Leaps && arrival != long.MaxValue && _random.Next(8) != 0)
        {
            return arrival;
        }

        long boundary = _naive.NextBoundary(now);
        if (boundary - 1 > now && boundary != long.MaxValue && _random.Next(2) == 0)
        {
            boundary--;
        }

        long next = Math.Min(Math.Min(arrival, boundary), Math.Min(_dueMs, _pendingMs));
        if (_history.Leaps && next != long.MaxValue && next != arrival)
        {
            // A leap over some boundaries, but not over the next event.
            long leap = next + (_random.Next(3) == 0 ? 0 : _random.NextInt64(1, Math.Max(2, (next - now) * 4)));
            next = Math.Min(leap, arrival);
        }

        return Math.Max(next, next == arrival ? now : now + 1);
    }

    private void Stop(long now)
    {
        if (_random.Next(2) == 0)
        {
            EvaluateIfDue(now);
        }

        while (_next < _history.Rows.Count && _history.Rows[_next].ArrivalMs <= now)
        {
            Apply(_history.Rows[_next++], now);
        }

        EvaluateIfDue(now);
        int disturbance = _random.Next(40);
        if (disturbance == 0)
        {
            _engine.SaveAndLoad();
        }
        else if (disturbance == 1)
        {
            _engine.Compact(now);
        }

        if (_pendingMs == long.MaxValue && _evaluatedAtMs != now && _published.Length > 0)
        {
            Compare(now, isEvaluation: false);
        }
    }

    private void Apply(HistoryRow row, long now)
    {
        Fate want = _naive.Apply(row, now);
        Fate got = _fault == PlantedFault.RowLost && want == Fate.Taken && _random.Next(3) == 0 ? Fate.Taken : _engine.Apply(row, now);
        if (_fault == PlantedFault.RowTwice && got == Fate.Taken && _random.Next(3) == 0)
        {
            _engine.Apply(row with { EventId = null }, now);
        }

        if (want != got)
        {
            throw new HistoryFailedException($"T {now}: row #{row.Id} is {got}, must be {want}");
        }

        if (got == Fate.Taken && _pendingMs == long.MaxValue)
        {
            TriggerSpec trigger = _history.Group.Trigger;
            _pendingMs = trigger.Kind == "timer" ? WindowSpec.Floor(now + trigger.Ms, trigger.Ms) : now + trigger.Ms;
        }
    }

    private void EvaluateIfDue(long now)
    {
        if (_pendingMs <= now || _dueMs <= now)
        {
            Evaluate(now);
        }
    }

    private void Evaluate(long now)
    {
        _published = _engine.Evaluate(now);
        _evaluatedAtMs = now;
        _pendingMs = long.MaxValue;
        _dueMs = _engine.NextDueMs;
        if (_dueMs <= now)
        {
            throw new HistoryFailedException($"T {now}: the next due time is {_dueMs}");
        }

        Compare(now, isEvaluation: true);
        _naive.SeeEvaluation(now);
        if (_fault == PlantedFault.MissedExit && _dueMs != long.MaxValue)
        {
            _dueMs += 1 + _random.Next(1_000);
        }
    }

    private void Compare(long now, bool isEvaluation)
    {
        IReadOnlyList<Want> wants = _naive.Evaluate(now);
        for (int i = 0; i < wants.Count; i++)
        {
            FieldSpec field = _naive.Fields[i];
            if (field.Feature.IsAgeing && !isEvaluation)
            {
                if (_naive.AgesAt(field.Feature, now) > _evaluatedAtMs)
                {
                    throw new HistoryFailedException($"T {now}: {field.Name} was evaluated last at {_evaluatedAtMs}");
                }

                continue;
            }

            Comparisons++;
            if (Comparison.Difference(wants[i], _published[_place[i]]) is { } difference)
            {
                string when = isEvaluation ? "evaluated" : $"published at {_evaluatedAtMs}, next due {_dueMs},";
                throw new HistoryFailedException($"T {now}: {field.Name} {when} {difference}");
            }
        }
    }
}

/// <summary>The engine differs from the naive group.</summary>
internal sealed class HistoryFailedException(string message) : Exception(message);

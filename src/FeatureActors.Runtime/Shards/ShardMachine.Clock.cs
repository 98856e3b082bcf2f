using FeatureActors.Core.Definitions;

namespace FeatureActors.Runtime.Shards;

/// <content>Time: T rises with the wall clock, checked against a monotonic one, or with event time from the log.</content>
internal sealed partial class ShardMachine
{
    // A wall clock may run this far ahead of the monotonic clock between two ticks (slewing, rounding); more is a jump.
    private const long JumpToleranceMs = 2_000;

    // Clocks of hosts without a time service drift apart by seconds; what is refused at the start is a clock that was never set.
    private const long StartToleranceMs = 60_000;

    private readonly List<int> _due = [];
    private long _nowMs;
    private long _monotonicMs;
    private long _clockSetAtMonotonicMs;
    private long _firedClock = long.MinValue;
    private bool _hasTicked;
    private bool _isStoreClockAsked;
    private long _storeClockAskedMs;
    private long _storeClockAskedMonotonicMs;
    private long _jumpMs;
    private bool _isClockBehind;

    private void TakeTick(ShardInput.Tick tick)
    {
        _nowMs = tick.NowMs;
        _monotonicMs = Math.Max(_monotonicMs, tick.MonotonicMs);
        if (State is ShardState.LogLostTail or ShardState.Faulted or ShardState.Assigned)
        {
            return;
        }

        if (_plan.Clock == ClockKind.Wall)
        {
            AdvanceWallClock();
        }

        if (State == ShardState.Draining)
        {
            RetryCommit();
            return;
        }

        if (!_isFenceRaised && !_isFenceUnderWay && _monotonicMs >= _fenceRetryAt)
        {
            RaiseFence();
        }

        RetryCommit();
        if (State == ShardState.ClockJumped)
        {
            return;
        }

        Pump();
        FireDue();
        ReadDueIfTime();
        StepSweep();
        EvaluateWaiting();
        FlushPublishing();
        EndRewriteIfWritten();
        CheckFenceIfIdle();
        PassivateSome();
        WantCheckpointIfTime();
        Counters.Entities = _table.Count;
        Counters.MemoryBytes = _store.ReservedBytes + _table.Bytes;
    }

    private void AdvanceWallClock()
    {
        if (!_hasTicked)
        {
            // After an acquire the checkpoint's T and the fence's T may be behind by any down time, so there is nothing to hold the
            // wall clock against but the store's. A wrong T would outlive this owner.
            AskStoreClock();
            return;
        }

        if (_nowMs <= ClockMs)
        {
            SayClockIsBehind();
            LeaveClockJump("the wall clock is back");
            return;
        }

        long elapsed = _monotonicMs - _clockSetAtMonotonicMs;
        if (_nowMs - ClockMs > elapsed + JumpToleranceMs)
        {
            if (State is ShardState.Running or ShardState.Recovering)
            {
                _jumpMs = _nowMs - ClockMs - elapsed;
                Transition(
                    ShardState.ClockJumped,
                    $"the wall clock leapt {_jumpMs} ms ahead of the monotonic clock: T is held at {ClockMs} until the store's clock agrees; if it does not, set this node's clock right (NTP)");
            }

            if (State == ShardState.ClockJumped)
            {
                AskStoreClock();
            }

            return;
        }

        ClockMs = _nowMs;
        _clockSetAtMonotonicMs = _monotonicMs;
        _isClockBehind = false;
        LeaveClockJump("the wall clock is back");
    }

    /// <summary>T never falls: behind a clock that went back it stands still, rows are counted, and what would leave its windows stays.</summary>
    private void SayClockIsBehind()
    {
        if (!_isClockBehind && ClockMs - _nowMs > StartToleranceMs)
        {
            _isClockBehind = true;
            _out.Add(new ShardOutput.Alarm(
                $"shard {_shard}: this node's clock is {ClockMs - _nowMs} ms behind T, which is held at {ClockMs} until the clock is there again; set the clock right (NTP), or stop the node and another takes its shards"));
        }
    }

    private void TakeStoreClock(long storeMs)
    {
        if (!_isStoreClockAsked)
        {
            return;
        }

        // The store read its clock some time between the question and now. A clock that leapt meanwhile would agree with any answer.
        _isStoreClockAsked = false;
        long tolerance = _hasTicked ? JumpToleranceMs : StartToleranceMs;
        bool hasLeapt = _nowMs - _storeClockAskedMs > _monotonicMs - _storeClockAskedMonotonicMs + JumpToleranceMs;
        bool agrees = !hasLeapt && storeMs >= _storeClockAskedMs - tolerance && storeMs <= _nowMs + tolerance;
        if (agrees && (!_hasTicked || State == ShardState.ClockJumped))
        {
            ClockMs = Math.Max(ClockMs, Math.Min(_nowMs, storeMs + tolerance));
            _clockSetAtMonotonicMs = _monotonicMs;
            _hasTicked = true;
            LeaveClockJump("the store's clock agrees");
        }
        else if (!agrees && !_hasTicked && State is (ShardState.Running or ShardState.Recovering))
        {
            Transition(
                ShardState.ClockJumped,
                $"this node's clock is {(hasLeapt ? _nowMs : _storeClockAskedMs) - storeMs} ms off the store's: T is held until they agree; set the wrong one right (NTP)");
        }
    }

    private void AskStoreClock()
    {
        if (!_isStoreClockAsked)
        {
            _isStoreClockAsked = true;
            _storeClockAskedMs = _nowMs;
            _storeClockAskedMonotonicMs = _monotonicMs;
            _out.Add(new ShardOutput.ReadStoreClock());
        }
    }

    private void LeaveClockJump(string reason)
    {
        if (State == ShardState.ClockJumped)
        {
            Transition(ShardState.Recovering, reason);
            TryRun();
        }
    }

    private void AdvanceEventClock()
    {
        if (_plan.Clock == ClockKind.Event)
        {
            ClockMs = Math.Max(ClockMs, _marks.EventClock(_plan.Sources));
        }
    }

    /// <summary>Queues the evaluation of loaded entities that are due at T.</summary>
    private void FireDue()
    {
        if (ClockMs == long.MinValue || !CanEvaluate)
        {
            return;
        }

        _firedClock = ClockMs;
        _due.Clear();
        _wheel.Advance(ClockMs, _due);
        foreach (int entity in _due)
        {
            Force(entity);
        }
    }
}

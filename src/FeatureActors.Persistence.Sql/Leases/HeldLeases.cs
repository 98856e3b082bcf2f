using System.Threading.Channels;
using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Persistence.Sql.Leases;

/// <summary>
/// What a member believes to hold, and the changes of it that the node is told. Rounds read the table while shards are handed in and let go,
/// so each lease remembers its round: what a round read is not held against what happened since it began. Safe for concurrent calls.
/// </summary>
internal sealed class HeldLeases(ChannelWriter<LeaseChange> changes, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ShardId, Lease> _leases = [];

    // Round in which each lease was let go: what that round or one before read of it is not true any more.
    private readonly Dictionary<ShardId, long> _released = [];
    private long _round;

    /// <summary>Begins a round; before it reads anything.</summary>
    public long BeginRound()
    {
        lock (_lock)
        {
            return ++_round;
        }
    }

    public bool Has(ShardId shard)
    {
        lock (_lock)
        {
            return _leases.ContainsKey(shard);
        }
    }

    public bool IsGivenUp(Lease lease)
    {
        lock (_lock)
        {
            return lease.State == LeaseState.GivenUp;
        }
    }

    /// <summary>True when a shard is held for longer than <paramref name="atLeast"/>.</summary>
    public bool IsHeldSince(ShardId shard, TimeSpan atLeast)
    {
        lock (_lock)
        {
            return _leases.GetValueOrDefault(shard) is { } lease && time.GetElapsedTime(lease.Since) > atLeast;
        }
    }

    /// <summary>Brings what is held in line with what the table had in a round.</summary>
    public void Settle(HashSet<ShardId> mine, long round)
    {
        lock (_lock)
        {
            foreach (Lease lease in _leases.Values.Where(l => l.Round < round && !mine.Contains(l.Shard)).ToList())
            {
                _leases.Remove(lease.Shard);
                bool wasHeld = lease.State == LeaseState.Held;
                lease.State = LeaseState.Lost;
                if (wasHeld)
                {
                    changes.TryWrite(new LeaseChange(lease, IsAssigned: false));
                }
            }

            // Taken by a transaction of unknown outcome.
            foreach (ShardId shard in mine)
            {
                GainNeedsLock(shard, round);
            }
        }
    }

    /// <summary>A shard was taken in a round.</summary>
    public void Gain(ShardId shard, long round)
    {
        lock (_lock)
        {
            GainNeedsLock(shard, round);
        }
    }

    /// <summary>A shard was handed to this member.</summary>
    public void GainHanded(ShardId shard)
    {
        lock (_lock)
        {
            GainNeedsLock(shard, _round);
        }
    }

    /// <summary>Shards are given to others: the node is asked to let go of them.</summary>
    public void GiveUp(IEnumerable<ShardId> shards, long round)
    {
        lock (_lock)
        {
            foreach (ShardId shard in shards)
            {
                if (_leases.GetValueOrDefault(shard) is { State: LeaseState.Held } lease && lease.Round <= round)
                {
                    lease.State = LeaseState.GivenUp;
                    changes.TryWrite(new LeaseChange(lease, IsAssigned: false));
                }
            }
        }
    }

    /// <summary>A lease that was given up is another's now.</summary>
    public void Release(Lease lease)
    {
        lock (_lock)
        {
            lease.State = LeaseState.Lost;
            if (_leases.GetValueOrDefault(lease.Shard) == lease)
            {
                _leases.Remove(lease.Shard);
                _released[lease.Shard] = _round;
            }
        }
    }

    private void GainNeedsLock(ShardId shard, long round)
    {
        if (!_leases.ContainsKey(shard) && (!_released.TryGetValue(shard, out long released) || released < round))
        {
            _released.Remove(shard);
            var lease = new Lease(shard, round) { Since = time.GetTimestamp() };
            _leases.Add(shard, lease);
            changes.TryWrite(new LeaseChange(lease, IsAssigned: true));
        }
    }
}

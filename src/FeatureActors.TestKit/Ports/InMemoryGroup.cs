using System.Threading.Channels;

namespace FeatureActors.TestKit.Ports;

/// <summary>
/// Shares partitions among members as a cooperative-sticky consumer group does: what need not move stays. Deterministic.
/// </summary>
/// <typeparam name="T">What is shared.</typeparam>
internal sealed class InMemoryGroup<T>
    where T : notnull
{
    private readonly Lock _lock = new();
    private readonly List<Member> _members = [];
    private readonly HashSet<T> _orphans = [];

    /// <summary>Adds a member; <paramref name="partitions"/> that nobody has named before are shared from now on.</summary>
    public Member Join(IEnumerable<T> partitions)
    {
        lock (_lock)
        {
            foreach (var partition in partitions)
            {
                if (!_members.Exists(other => other.Held.Contains(partition)))
                {
                    _orphans.Add(partition);
                }
            }

            var member = new Member(this);
            _members.Add(member);
            BalanceNeedsLock();
            return member;
        }
    }

    private void Leave(Member member)
    {
        lock (_lock)
        {
            if (_members.Remove(member))
            {
                _orphans.UnionWith(member.Held);
                BalanceNeedsLock();
            }
        }
    }

    private void BalanceNeedsLock()
    {
        if (_members.Count == 0)
        {
            return;
        }

        foreach (var orphan in _orphans)
        {
            _members.MinBy(member => member.Held.Count)!.Gain(orphan);
        }

        _orphans.Clear();
        while (true)
        {
            var richest = _members.MaxBy(member => member.Held.Count)!;
            var poorest = _members.MinBy(member => member.Held.Count)!;
            if (richest.Held.Count - poorest.Held.Count <= 1)
            {
                return;
            }

            poorest.Gain(richest.LoseLast());
        }
    }

    /// <summary>One member; leaves when disposed of.</summary>
    public sealed class Member(InMemoryGroup<T> group) : IDisposable
    {
        private readonly Channel<(T Partition, bool IsAssigned)> _changes = Channel.CreateUnbounded<(T, bool)>();

        internal List<T> Held { get; } = [];

        /// <summary>Waits for the next change.</summary>
        public ValueTask<(T Partition, bool IsAssigned)> ReadAsync(CancellationToken cancellationToken) =>
            _changes.Reader.ReadAsync(cancellationToken);

        /// <inheritdoc/>
        public void Dispose() => group.Leave(this);

        internal void Gain(T partition)
        {
            Held.Add(partition);
            _changes.Writer.TryWrite((partition, true));
        }

        internal T LoseLast()
        {
            var partition = Held[^1];
            Held.RemoveAt(Held.Count - 1);
            _changes.Writer.TryWrite((partition, false));
            return partition;
        }
    }
}

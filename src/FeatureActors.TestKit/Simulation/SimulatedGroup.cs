namespace FeatureActors.TestKit.Simulation;

/// <summary>
/// Shares shards or source partitions among nodes. As a consumer group does: who is silent for a session loses everything at once and does not
/// hear of it before it is back; what moves is revoked first, but callbacks come late, twice, never or before the other side's, and clients
/// that missed a loss believe in it until they ask anew. Or as leases in SQL do: the holder lets go before another takes, and who loses hears
/// of it at its next round.
/// </summary>
/// <typeparam name="T">What is shared.</typeparam>
internal sealed class SimulatedGroup<T>
    where T : notnull
{
    private const long RebalanceTimeoutMs = 5_000;

    private readonly SimulatedWorld _world;
    private readonly string _name;
    private readonly bool _isLease;
    private readonly bool _mayBeDoubted;
    private readonly Action<SimulatedNode, T, bool, Action?> _tell;
    private readonly SortedList<int, Member> _members = [];
    private readonly List<T> _free;
    private readonly Dictionary<T, Move> _moves = [];
    private readonly long _sessionMs;

    public SimulatedGroup(
        SimulatedWorld world, string name, bool isLease, bool mayBeDoubted, IEnumerable<T> parts, Action<SimulatedNode, T, bool, Action?> tell)
    {
        (_world, _name, _isLease, _mayBeDoubted, _tell) = (world, name, isLease, mayBeDoubted && !isLease, tell);
        _free = [.. parts];
        _sessionMs = world.Course.Random.Next(2_000, 6_000);
    }

    /// <summary>True when everything is held by live members who know it.</summary>
    public bool IsSettled => _free.Count == 0 && _moves.Count == 0 && _members.Values.All(m => !m.IsLost && !m.Node.IsDead && m.Told.SetEquals(m.Held));

    /// <summary>True when a node that leaves has nothing any more.</summary>
    public bool HasLeft(SimulatedNode node) => !_members.TryGetValue(node.Number, out Member? member)
        || (member.Held.Count == 0 && _moves.Values.All(m => m.From != member));

    /// <summary>
    /// A node finds that it has lost what it was given. A member of a group leaves and joins anew, and hears that it lost everything; who
    /// holds a lease knows that it is right.
    /// </summary>
    /// <returns>True when the part is not the node's until it is told so again.</returns>
    public bool Doubt(SimulatedNode node)
    {
        if (_mayBeDoubted && _members.TryGetValue(node.Number, out Member? member))
        {
            member.IsDoubting = true;
        }

        return _mayBeDoubted;
    }

    private SimulatedCourse Course => _world.Course;

    private SimulatedService Coordinator => _isLease ? SimulatedService.Sql : SimulatedService.Log;

    /// <summary>Hears members, ends silent ones, shares anew.</summary>
    public void Step()
    {
        if ((_world.Ports.Away & Coordinator) != 0)
        {
            // With the coordinator away nobody can say that he is alive, and nobody can be ended.
            foreach (Member member in _members.Values)
            {
                member.HeardMs = Course.NowMs;
            }

            return;
        }

        Hear();
        EndSilent();
        EndMovesThatTakeTooLong();
        Share();
    }

    private void Hear()
    {
        foreach (SimulatedNode node in _world.Nodes)
        {
            if (node.IsDead || node.IsFrozen || node.IsCutFrom(Coordinator))
            {
                continue;
            }

            if (!_members.TryGetValue(node.Number, out Member? member))
            {
                if (!node.IsLeaving)
                {
                    Course.Tell($"{_name}: {node.Name} joins");
                    _members.Add(node.Number, new Member(node) { HeardMs = Course.NowMs });
                }

                continue;
            }

            member.HeardMs = Course.NowMs;
            if (member.IsLost)
            {
                ComeBack(member);
            }
            else if (member.IsDoubting)
            {
                Course.Tell($"{_name}: {node.Name} leaves and joins anew");
                _free.AddRange(member.Held);
                member.Held.Clear();
                EndMoves(m => m.From == member);
                LoseAll(member, null);
            }

            member.IsDoubting = false;
        }
    }

    /// <summary>A member that was ended hears of it, late now and then, and joins again.</summary>
    private void ComeBack(Member member)
    {
        member.IsLost = false;
        bool isLate = !_isLease && Course.Strikes(0.4);
        if (isLate)
        {
            Course.Fault("lost-callback-late", member.Node.Name);
        }

        LoseAll(member, isLate ? Course.Random.Next(3_000, 15_000) : null);
    }

    private void LoseAll(Member member, long? lateMs)
    {
        foreach (T part in member.Told.ToArray())
        {
            member.Told.Remove(part);
            Tell(member, part, isAssigned: false, null, lateMs, isOnlyIfNotHeld: true);
        }
    }

    private void EndSilent()
    {
        for (int i = 0; i < _members.Count; i++)
        {
            Member member = _members.Values[i];
            if (!member.IsLost && Course.NowMs - member.HeardMs > _sessionMs)
            {
                Course.Tell($"{_name}: {member.Node.Name} is silent and loses {string.Join(' ', member.Held)}");
                Course.Meet(member.Node.IsDead ? $"{Kind}-dead-member-ended" : $"{Kind}-live-member-ended");
                _free.AddRange(member.Held.Where(p => !_moves.ContainsKey(p)));
                member.Held.Clear();
                member.IsLost = true;
            }

            if (member.Node.IsDead && member.IsLost)
            {
                _members.RemoveAt(i--);
            }
        }
    }

    private string Kind => _isLease ? "lease" : "group";

    private void EndMovesThatTakeTooLong() =>
        EndMoves(m => m.From.IsLost || m.From.Node.IsDead || (!_isLease && Course.NowMs > m.UntilMs));

    private void EndMoves(Func<Move, bool> which)
    {
        if (_moves.Count == 0)
        {
            return;
        }

        foreach ((T part, Move move) in _moves.ToArray())
        {
            if (which(move))
            {
                _moves.Remove(part);
                _free.Add(part);
            }
        }
    }

    private void Share()
    {
        foreach (Member leaving in _members.Values)
        {
            if (leaving.Node.IsLeaving && !leaving.IsLost && leaving.Held.Count > 0)
            {
                foreach (T part in leaving.Held.Except(_moves.Keys).ToArray())
                {
                    Begin(part, leaving);
                }
            }
        }

        if (Poorest() is null)
        {
            return;
        }

        foreach (T part in _free)
        {
            Assign(part, Poorest()!);
        }

        _free.Clear();
        Member richest = Richest()!;
        if (_moves.Count == 0 && richest.Held.Count - Poorest()!.Held.Count > 1)
        {
            Begin(richest.Held[^1], richest);
        }
    }

    /// <summary>The live member with the fewest parts; null without any.</summary>
    private Member? Poorest() => Extreme(static (a, b) => a < b);

    private Member? Richest() => Extreme(static (a, b) => a > b);

    private Member? Extreme(Func<int, int, bool> isMore)
    {
        Member? found = null;
        foreach (Member member in _members.Values)
        {
            if (!member.IsLost && !member.Node.IsDead && !member.Node.IsLeaving && (found is null || isMore(member.Held.Count, found.Held.Count)))
            {
                found = member;
            }
        }

        return found;
    }

    private void Assign(T part, Member member)
    {
        member.Held.Add(part);
        member.Told.Add(part);
        Tell(member, part, isAssigned: true, null, null);
        if (!_isLease && Course.Strikes(0.03))
        {
            Course.Fault("assigned-twice", $"{part} {member.Node.Name}");
            Course.After(Course.Random.Next(10, 4_000), () =>
            {
                if (member.Held.Contains(part))
                {
                    Tell(member, part, isAssigned: true, null, null);
                }
            });
        }
    }

    /// <summary>Takes a part from a live member; it is free once that one is done with it.</summary>
    private void Begin(T part, Member from)
    {
        Course.Meet($"{Kind}-move");
        from.Held.Remove(part);
        from.Told.Remove(part);
        var move = new Move(from, Course.NowMs + RebalanceTimeoutMs);
        _moves.Add(part, move);
        if (_isLease || !Course.Strikes(0.4))
        {
            Tell(from, part, isAssigned: false, End, null);
            return;
        }

        switch (Course.Random.Next(_mayBeDoubted ? 5 : 4))
        {
            case 4:
                // The client knows of the move and the node never hears: it holds on to what is another's until it doubts it.
                Course.Fault("revoked-callback-lost", $"{part} {from.Node.Name}");
                from.Told.Add(part);
                End();
                break;
            case 0:
                Course.Fault("revoked-callback-never", $"{part} {from.Node.Name}");

                // Nobody else can have it before the time-out, and the old owner hears of it only when it has been fenced for long.
                Tell(from, part, isAssigned: false, null, Course.Random.Next(15_000, 25_000), isOnlyIfNotHeld: true);
                break;
            case 1:
                Course.Fault("revoked-callback-late", $"{part} {from.Node.Name}");
                Tell(from, part, isAssigned: false, End, Course.Random.Next(2_000, 10_000), isOnlyIfNotHeld: true);
                break;
            case 2:
                Course.Fault("revoked-twice", $"{part} {from.Node.Name}");
                Tell(from, part, isAssigned: false, End, null);
                Tell(from, part, isAssigned: false, null, from.Node.Delay * 3, isOnlyIfNotHeld: true);
                break;
            default:
                Course.Fault("assigned-before-revoked", $"{part} {from.Node.Name}");
                Tell(from, part, isAssigned: false, null, Course.Random.Next(100, 3_000), isOnlyIfNotHeld: true);
                End();
                break;
        }

        void End() => Course.After(from.Node.Delay, () =>
        {
            if (_moves.GetValueOrDefault(part) == move)
            {
                _moves.Remove(part);
                _free.Add(part);
            }
        });
    }

    /// <summary>Callbacks of one member come in order, but those that are <paramref name="lateMs"/> come behind later ones too.</summary>
    private void Tell(Member member, T part, bool isAssigned, Action? done, long? lateMs, bool isOnlyIfNotHeld = false)
    {
        long at = Math.Max(Course.NowMs + (lateMs ?? member.Node.Delay), member.ToldAtMs);
        if (lateMs is null)
        {
            member.ToldAtMs = at;
        }

        Course.After(at - Course.NowMs, () =>
        {
            if (!isOnlyIfNotHeld || !member.Held.Contains(part))
            {
                if (!isAssigned && !member.Held.Contains(part))
                {
                    // Whatever it missed before, it knows now.
                    member.Told.Remove(part);
                }

                _tell(member.Node, part, isAssigned, done);
            }
        });
    }

    private sealed class Member(SimulatedNode node)
    {
        public SimulatedNode Node { get; } = node;

        public long HeardMs { get; set; }

        /// <summary>When the last callback arrives.</summary>
        public long ToldAtMs { get; set; }

        /// <summary>True from when it was ended until it hears of it.</summary>
        public bool IsLost { get; set; }

        /// <summary>True from when it asks the coordinator anew until that hears of it.</summary>
        public bool IsDoubting { get; set; }

        /// <summary>What it holds by the coordinator.</summary>
        public List<T> Held { get; } = [];

        /// <summary>What it believes that it holds.</summary>
        public HashSet<T> Told { get; } = [];
    }

    private sealed record Move(Member From, long UntilMs);
}

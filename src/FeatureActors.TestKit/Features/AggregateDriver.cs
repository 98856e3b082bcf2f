using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Windows;

namespace FeatureActors.TestKit.Features;

/// <summary>
/// One feature of one entity without a runtime: rows go to the slots of a timeline, slots fold and leave as time passes, windows
/// are evaluated. Holds the type to its bounds after every call. Not safe for concurrent use.
/// </summary>
public sealed class AggregateDriver
{
    private readonly FeatureAggregate _aggregate;
    private readonly SlotTimeline _timeline;
    private readonly SortedList<long, byte[]> _slots = [];
    private ArraySlotStorage _storage = new();
    private readonly FeatureValueWriter _writer = new();

    /// <summary>An entity without slots.</summary>
    public AggregateDriver(FeatureAggregate aggregate, SlotTimeline timeline)
    {
        _aggregate = aggregate;
        _timeline = timeline;
    }

    /// <summary>What aggregates see as the length of the window; null for that of the window itself.</summary>
    public long? WindowMs { get; init; }

    /// <summary>True for types that write a number which is not finite to say that the value is absent: built-in ones, never those of plug-ins.</summary>
    public bool MayBeNotFinite { get; init; } = true;

    /// <summary>Number of slots.</summary>
    public int SlotCount => _slots.Count;

    /// <summary>Bytes of all payloads.</summary>
    public int PayloadBytes => _slots.Values.Sum(static p => p.Length);

    /// <summary>Bytes of the shared part.</summary>
    public int SharedBytes => _storage.Shared.Length;

    /// <summary>Flags of the value evaluated last.</summary>
    public ValueQuality Quality => _writer.Quality;

    /// <summary>Kind of the value evaluated last.</summary>
    public FeatureValueKind Kind => _writer.Kind;

    /// <summary>Adds a row if the feature accepts it.</summary>
    /// <returns>False when the feature did not accept it.</returns>
    public bool Apply(SampleRow row)
    {
        ArgumentNullException.ThrowIfNull(row);
        if (!_aggregate.Accepts(row.View))
        {
            return false;
        }

        long start = _timeline.StartOf(row.EventTimeMs);
        FeatureSlot slot = Open(start);
        _aggregate.Apply(row.View, ref slot);
        Keep(start);
        return true;
    }

    /// <summary>Folds slots that no window tells apart any more at <paramref name="nowMs"/> and releases those that have left.</summary>
    public void Fold(long nowMs)
    {
        foreach (long start in _slots.Keys.ToArray())
        {
            if (!_timeline.TryFold(start, nowMs, out long target))
            {
                FeatureSlot leaving = Open(start);
                _aggregate.Release(ref leaving);
                _slots.Remove(start);
            }
            else if (target != start)
            {
                byte[] payload = _slots[start];
                _slots.Remove(start);
                FeatureSlot into = Open(target);
                _aggregate.Merge(payload, ref into);
                Keep(target);
            }
        }
    }

    /// <summary>Stores all state and reads it back into fresh memory, as a node that is started again does.</summary>
    public void Restart()
    {
        byte[] shared = _storage.Shared.ToArray();
        _storage = new ArraySlotStorage();
        _storage.OpenShared(shared);
    }

    /// <summary>Releases every slot.</summary>
    public void ReleaseAll()
    {
        foreach (long start in _slots.Keys.ToArray())
        {
            FeatureSlot leaving = Open(start);
            _aggregate.Release(ref leaving);
            _slots.Remove(start);
        }
    }

    /// <summary>The text of a window at <paramref name="nowMs"/>; null when it is absent.</summary>
    /// <param name="window">Index of the window in the timeline.</param>
    /// <param name="nowMs">The time T.</param>
    public string? Evaluate(int window, long nowMs)
    {
        FeatureWindow w = _timeline.Windows[window];
        var references = new List<SlotReference>();
        var bytes = new List<byte>();
        foreach ((long start, byte[] payload) in _slots)
        {
            if (IsInside(w, start, nowMs))
            {
                references.Add(new SlotReference(start, bytes.Count, payload.Length));
                bytes.AddRange(payload);
            }
        }

        _writer.Clear();
        if (references.Count == 0)
        {
            return _aggregate.EmptyValue.IsEmpty ? null : System.Text.Encoding.UTF8.GetString(_aggregate.EmptyValue);
        }

        var list = new SlotList(references.ToArray(), bytes.ToArray(), _storage.Shared, nowMs, WindowMs ?? w.LengthMs);
        _aggregate.Evaluate(list, _writer);
        if (!_writer.IsClosed)
        {
            throw new InvalidOperationException("the value has a list or map that is not closed");
        }

        if (_writer.HasNonFinite && !MayBeNotFinite)
        {
            throw new InvalidOperationException("the value has a number that is not finite");
        }

        string? value = TextOf(_writer);
        HoldsNested(list, value);
        return value;
    }

    private static string? TextOf(FeatureValueWriter writer) =>
        writer.Kind == FeatureValueKind.Absent ? null : System.Text.Encoding.UTF8.GetString(writer.Value);

    /// <summary>Evaluates the window together with two shorter ones that end with it: each must be worth what it is worth alone.</summary>
    private void HoldsNested(in SlotList list, string? value)
    {
        var alone = new FeatureValueWriter();
        _aggregate.Evaluate(list, alone);
        if (!FeatureTypeLaws.AreSame(TextOf(alone), value))
        {
            // A law of its own finds what is worth something else when it is read again.
            return;
        }

        int[] firsts = [list.Count - 1, list.Count / 2, 0];
        var nested = new Suffixes(firsts, list.WindowMs);
        _aggregate.EvaluateNested(list, nested);
        if (nested.MoveNext())
        {
            throw new InvalidOperationException("EvaluateNested stopped before the last window");
        }

        for (int i = 0; i < firsts.Length; i++)
        {
            alone.Clear();
            _aggregate.Evaluate(list.From(firsts[i], list.WindowMs), alone);
            if (!FeatureTypeLaws.AreSame(TextOf(alone), nested.Values[i].Text) || alone.Quality != nested.Values[i].Quality)
            {
                throw new InvalidOperationException(FormattableString.Invariant(
                    $"EvaluateNested from slot {firsts[i]} of {list.Count}: {nested.Values[i]}, Evaluate: {(TextOf(alone), alone.Quality)}"));
            }
        }
    }

    private static bool IsInside(FeatureWindow window, long startMs, long nowMs) =>
        window.IsLifetime
        || (startMs != SlotWidths.UnboundedStart && window.EntersAt(startMs) <= nowMs && nowMs < window.LeavesAt(startMs));

    private FeatureSlot Open(long start)
    {
        _storage.Open(start, _slots.GetValueOrDefault(start, []));
        return new FeatureSlot(_storage);
    }

    /// <summary>Throws when the open slot or the shared part is larger than the type declares.</summary>
    internal static void HoldToBounds(FeatureAggregate aggregate, SlotStorage storage)
    {
        if (storage.Payload.Length > aggregate.PayloadBytesMax || storage.Shared.Length > aggregate.SharedBytesMax)
        {
            throw new InvalidOperationException(FormattableString.Invariant(
                $"the state outgrew its bound: payload {storage.Payload.Length} of {aggregate.PayloadBytesMax} bytes, shared {storage.Shared.Length} of {aggregate.SharedBytesMax}"));
        }
    }

    private void Keep(long start)
    {
        HoldToBounds(_aggregate, _storage);
        _slots[start] = _storage.Payload.ToArray();
    }

    private sealed class Suffixes(int[] firsts, long windowMs) : NestedWindows
    {
        private int _at = -1;

        public List<(string? Text, ValueQuality Quality)> Values { get; } = [];

        public override int First => firsts[_at];

        public override long WindowMs => windowMs;

        public override FeatureValueWriter Value { get; } = new();

        public override bool MoveNext()
        {
            if (_at >= 0 && _at < firsts.Length)
            {
                Values.Add((TextOf(Value), Value.Quality));
            }

            Value.Begin();
            return ++_at < firsts.Length;
        }
    }
}

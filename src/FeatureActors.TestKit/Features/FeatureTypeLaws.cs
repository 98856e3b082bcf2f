using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Windows;

namespace FeatureActors.TestKit.Features;

/// <summary>
/// The laws every feature type keeps, checked on random rows from one seed: the order of rows does not show; merging is
/// associative and commutative; rows spread over slots are worth what they are worth in one slot; folding does not show; a
/// retraction undoes its row; released slots leave nothing in the shared part; state that was stored and read goes on as if it had
/// not been; a value is the same however often it is read, and is one JSON value; state stays within its bounds; a type whose values
/// carry an error says how large it is.
/// Values are compared as text: numbers to 1e-9 relative, everything else exactly.
/// </summary>
public sealed class FeatureTypeLaws
{
    private const string SeedIsNamed = "the seed is named";
    private const long SlotMs = 1_000;
    private const int Slots = 8;

    // One length for all timelines: values per time would differ otherwise.
    private const long WindowMs = 10_000;

    private readonly FeatureAggregate _aggregate;
    private readonly Func<Random, long, SampleRow> _newRow;

    /// <summary>Laws for one aggregate.</summary>
    /// <param name="aggregate">The aggregate.</param>
    /// <param name="newRow">Makes a random insertion at a given event time.</param>
    public FeatureTypeLaws(FeatureAggregate aggregate, Func<Random, long, SampleRow> newRow)
    {
        _aggregate = aggregate;
        _newRow = newRow;
    }

    /// <summary>
    /// True for a type that writes a number which is not finite to say that its value is absent. A node takes that from built-in types; of a
    /// plug-in it is a fault.
    /// </summary>
    public bool MayBeNotFinite { get; init; }

    /// <summary>Checks every law.</summary>
    /// <param name="seed">Decides everything random; part of every failure.</param>
    /// <param name="rowCount">Number of rows.</param>
    /// <exception cref="InvalidOperationException">A law is broken; the message names it and the seed.</exception>
    public void Check(int seed, int rowCount)
    {
        if (_aggregate.Traits.HasFlag(FeatureTraits.Approximate) && string.IsNullOrWhiteSpace(_aggregate.Accuracy))
        {
            throw new InvalidOperationException("the type is Approximate and does not say how far its values may be off: override Accuracy");
        }

        try
        {
            CheckAll(seed, rowCount);
        }
        catch (Exception error) when (!error.Data.Contains(SeedIsNamed))
        {
            throw new InvalidOperationException(FormattableString.Invariant($"{error.Message} (seed {seed}, {rowCount} rows)"), error);
        }
    }

    /// <summary>
    /// Reads states of every version up to the present one, each kept in the tests as bytes since that version wrote it, and holds their values
    /// to what they were. With <c>CodecVersion</c> 3, states of the versions 1, 2 and 3 must be among them.
    /// </summary>
    /// <exception cref="InvalidOperationException">A version is missing, cannot be read, or is worth something else.</exception>
    public void ReadsEvery(params ReadOnlySpan<StoredState> kept)
    {
        for (byte version = 1; version <= _aggregate.CodecVersion; version++)
        {
            bool isKept = false;
            foreach (StoredState state in kept)
            {
                isKept |= state.Version == version;
            }

            if (!isKept)
            {
                throw new InvalidOperationException(
                    $"no state of version {version} is kept in the tests: keep one of each version before the next is written");
            }
        }

        foreach (StoredState state in kept)
        {
            Reads(state.Version, state.Payload, state.Shared, state.NowMs, state.Expected);
        }
    }

    private void CheckAll(int seed, int rowCount)
    {
        var random = new Random(seed);
        var rows = new List<SampleRow>();
        for (int i = 0; i < rowCount; i++)
        {
            SampleRow row = _newRow(random, random.NextInt64(0, Slots * SlotMs));
            if (_aggregate.Accepts(row.View))
            {
                rows.Add(row);
            }
        }

        if (rows.Count == 0)
        {
            return;
        }

        AggregateDriver first = Filled(rows, OneSlot);
        string? expected = ValueOf(first);
        Same(expected, ValueOf(first), "reading the value a second time shows", seed);
        Same(expected, ValueOf(Filled(Shuffled(rows, random), OneSlot)), "the order of rows shows", seed);
        Same(expected, ValueOf(Stored(rows, random)), "storing the state and reading it back shows", seed);
        Same(expected, Merged(rows, random, ascending: true), "merging all slots into the first shows", seed);
        Same(expected, Merged(rows, random, ascending: false), "merging all slots in another order shows", seed);

        // A type without windows that ages by itself has one slot and no other.
        if (!_aggregate.Traits.HasFlag(FeatureTraits.Unwindowed) || _aggregate.AgeingStepMs == 0)
        {
            Same(expected, ValueOf(Filled(rows, ManySlots)), "rows over several slots are worth something else than in one", seed);
            Same(expected, ValueOf(Filled(Shuffled(rows, random), ManySlots)), "the order of rows over several slots shows", seed);
            Folds(rows, random, seed);
        }

        if (_aggregate.Traits.HasFlag(FeatureTraits.Invertible))
        {
            Inverts(rows, random, expected, seed);
        }

        AggregateDriver released = Filled(rows, ManySlots);
        released.ReleaseAll();
        Same("0", FormattableString.Invariant($"{released.SharedBytes}"), "released slots leave bytes in the shared part", seed);
    }

    /// <summary>Reads the state of an older version, kept as bytes since that version wrote it, and holds its value to what it was.</summary>
    /// <param name="version">The version that wrote it.</param>
    /// <param name="payload">The payload of one slot.</param>
    /// <param name="shared">The shared part.</param>
    /// <param name="nowMs">The time T of the value.</param>
    /// <param name="expected">The value; null for absent.</param>
    /// <exception cref="InvalidOperationException">It cannot be read, or is worth something else.</exception>
    public void Reads(byte version, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> shared, long nowMs, string? expected)
    {
        var storage = new ArraySlotStorage();
        storage.OpenShared(shared);
        storage.Open(0, payload);
        var slot = new FeatureSlot(storage);
        if (version != _aggregate.CodecVersion && !_aggregate.TryUpgrade(version, ref slot))
        {
            throw new InvalidOperationException($"state of version {version} cannot be read by version {_aggregate.CodecVersion}");
        }

        var value = new FeatureValueWriter();
        _aggregate.Evaluate(new SlotList([new SlotReference(0, 0, storage.Payload.Length)], storage.Payload, storage.Shared, nowMs), value);
        string? actual = value.Kind == FeatureValueKind.Absent ? null : System.Text.Encoding.UTF8.GetString(value.Value);
        if (!AreSame(expected, actual))
        {
            throw new InvalidOperationException($"state of version {version}: expected {expected ?? "absent"}, got {actual ?? "absent"}");
        }
    }

    private static SlotTimeline OneSlot { get; } = new([SlidingWindow.Lifetime("lifetime")]);

    private static SlotTimeline ManySlots { get; } = new([SlidingWindow.Of("all", (Slots + 1) * SlotMs, SlotMs)]);

    private static SlotTimeline Folding { get; } = new(
        [SlidingWindow.Of("short", 2 * SlotMs, SlotMs), SlidingWindow.Of("all", 2 * Slots * SlotMs, 4 * SlotMs)]);

    private static List<SampleRow> Shuffled(IEnumerable<SampleRow> rows, Random random)
    {
        SampleRow[] shuffled = [.. rows];
        random.Shuffle(shuffled);
        return [.. shuffled];
    }

    private static string? ValueOf(AggregateDriver driver) => driver.Evaluate(0, Slots * SlotMs);

    private static void Same(string? expected, string? actual, string law, int seed)
    {
        if (!AreSame(expected, actual))
        {
            throw new InvalidOperationException(FormattableString.Invariant(
                $"{law} (seed {seed}): expected {expected ?? "absent"}, got {actual ?? "absent"}"))
            { Data = { [SeedIsNamed] = true } };
        }
    }

    internal static bool AreSame(string? expected, string? actual)
    {
        if (expected == actual)
        {
            return true;
        }

        var invariant = System.Globalization.CultureInfo.InvariantCulture;
        return double.TryParse(expected, invariant, out double left) && double.TryParse(actual, invariant, out double right)
            && Math.Abs(left - right) <= 1e-9 * Math.Max(Math.Abs(left), Math.Abs(right));
    }

    private AggregateDriver Filled(IEnumerable<SampleRow> rows, SlotTimeline timeline)
    {
        var driver = new AggregateDriver(_aggregate, timeline) { WindowMs = WindowMs, MayBeNotFinite = MayBeNotFinite };
        foreach (SampleRow row in rows)
        {
            driver.Apply(row);
        }

        return driver;
    }

    // Stored and read back between any two rows, and evaluated in between, which must change nothing.
    private AggregateDriver Stored(List<SampleRow> rows, Random random)
    {
        var driver = new AggregateDriver(_aggregate, OneSlot) { WindowMs = WindowMs, MayBeNotFinite = MayBeNotFinite };
        foreach (SampleRow row in rows)
        {
            driver.Apply(row);
            if (random.Next(4) == 0)
            {
                driver.Restart();
                ValueOf(driver);
            }
        }

        return driver;
    }

    /// <summary>Builds one payload per slot over one shared part and merges them pairwise in random order.</summary>
    private string? Merged(List<SampleRow> rows, Random random, bool ascending)
    {
        var storage = new ArraySlotStorage();
        var payloads = new List<byte[]>();
        foreach (IGrouping<long, SampleRow> group in rows.GroupBy(static r => r.EventTimeMs / SlotMs).OrderBy(static g => g.Key))
        {
            storage.Open(group.Key * SlotMs, []);
            var slot = new FeatureSlot(storage);
            foreach (SampleRow row in group)
            {
                _aggregate.Apply(row.View, ref slot);
            }

            payloads.Add(storage.Payload.ToArray());
        }

        while (payloads.Count > 1)
        {
            int into = ascending ? 0 : random.Next(payloads.Count);
            int from = ascending ? 1 : (into + 1 + random.Next(payloads.Count - 1)) % payloads.Count;
            storage.Open(into * SlotMs, payloads[into]);
            var slot = new FeatureSlot(storage);
            _aggregate.Merge(payloads[from], ref slot);
            AggregateDriver.HoldToBounds(_aggregate, storage);
            payloads[into] = storage.Payload.ToArray();
            payloads.RemoveAt(from);
        }

        var value = new FeatureValueWriter();
        SlotReference[] slots = [new SlotReference(0, 0, payloads[0].Length)];
        _aggregate.Evaluate(new SlotList(slots, payloads[0], storage.Shared, Slots * SlotMs, WindowMs), value);
        return value.Kind == FeatureValueKind.Absent ? null : System.Text.Encoding.UTF8.GetString(value.Value);
    }

    private void Folds(List<SampleRow> rows, Random random, int seed)
    {
        AggregateDriver folded = Filled(rows, Folding);
        AggregateDriver unfolded = Filled(rows, Folding);
        long now = 0;
        while (now < 3 * Slots * SlotMs)
        {
            now += random.NextInt64(1, 3 * SlotMs);
            folded.Fold(now);
            for (int window = 0; window < 2; window++)
            {
                Same(unfolded.Evaluate(window, now), folded.Evaluate(window, now), "folding shows", seed);
            }
        }

        folded.Fold(100 * Slots * SlotMs);
        Same("0", FormattableString.Invariant($"{folded.SlotCount + folded.SharedBytes}"), "state stays after every slot has left", seed);
    }

    private void Inverts(List<SampleRow> rows, Random random, string? expected, int seed)
    {
        List<SampleRow> extra = [];
        foreach (SampleRow row in rows)
        {
            extra.Add(_newRow(random, row.EventTimeMs));
        }

        IEnumerable<SampleRow> undone = extra.Select(static r => r.Retracted());
        Same(expected, ValueOf(Filled(rows.Concat(extra).Concat(undone), OneSlot)), "a retraction does not undo its row", seed);
        List<SampleRow> mixed = Shuffled(rows.Concat(extra).Concat(undone), random);
        Same(expected, ValueOf(Filled(mixed, ManySlots)), "a retraction in any order does not undo its row", seed);

        AggregateDriver emptied = Filled(rows.Concat(rows.Select(static r => r.Retracted())), OneSlot);
        Same(Empty(), ValueOf(emptied), "rows that are all retracted leave a value", seed);
    }

    private string? Empty() => _aggregate.EmptyValue.IsEmpty ? null : System.Text.Encoding.UTF8.GetString(_aggregate.EmptyValue);
}

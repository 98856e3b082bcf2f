using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// The worst occurrence of each value over the slots of a window, from which the best are then selected. One per thread, reused: it
/// allocates only while it grows.
/// </summary>
internal sealed class OccurrenceScratch
{
    [ThreadStatic]
    private static OccurrenceScratch? PerThread;

    private Occurrence[] _entries = new Occurrence[32];
    private ProbeTable _table = new();
    private int _count;
    private EntryForm _form = null!;
    private bool _newest;

    /// <summary>The empty scratch of this thread; the one opened before is lost.</summary>
    /// <param name="form">Form of the entries.</param>
    /// <param name="newest">True when a newer occurrence is better, so that the oldest one of each value is kept.</param>
    public static OccurrenceScratch Open(EntryForm form, bool newest)
    {
        OccurrenceScratch scratch = PerThread ??= new OccurrenceScratch();
        scratch._form = form;
        scratch._newest = newest;
        scratch._count = 0;
        scratch._table.Clear();
        return scratch;
    }

    /// <summary>Adds an occurrence that stands at <paramref name="offset"/> in its slot's payload.</summary>
    public void Add(in SlotList slots, int slot, long timeMs, int offset, ReadOnlySpan<byte> entry)
    {
        ReadOnlySpan<byte> identity = _form.Identity(entry);
        uint hash = BytesHash.Of(identity);
        int at = _table.First(hash);
        for (; _table[at] >= 0; at = _table.Next(at))
        {
            ref Occurrence known = ref _entries[_table[at]];
            ReadOnlySpan<byte> other = EntryOf(slots, known);
            if (known.Hash == hash && _form.Identity(other).SequenceEqual(identity))
            {
                if (IsWorse(timeMs, entry, known.TimeMs, other))
                {
                    known = new Occurrence(timeMs, slot, offset, entry.Length, hash);
                }

                return;
            }
        }

        if (_count == _entries.Length)
        {
            Array.Resize(ref _entries, _count * 2);
        }

        _entries[_count] = new Occurrence(timeMs, slot, offset, entry.Length, hash);
        _table[at] = _count++;
        if (_table.Grow(_count))
        {
            for (int id = 0; id < _count; id++)
            {
                _table.Add(_entries[id].Hash, id);
            }
        }
    }

    /// <summary>The <paramref name="n"/> best of the occurrences.</summary>
    public OrderedSelection Select(in SlotList slots, int n)
    {
        OrderedSelection best = OrderedSelection.Open(_form, _newest, distinct: false, n);
        for (int i = 0; i < _count; i++)
        {
            ref readonly Occurrence entry = ref _entries[i];
            best.Offer(slots, entry.Slot, entry.TimeMs, entry.Offset, EntryOf(slots, entry));
        }

        return best;
    }

    private static ReadOnlySpan<byte> EntryOf(in SlotList slots, in Occurrence entry) =>
        slots.Payload(entry.Slot).Slice(entry.Offset, entry.Length);

    private bool IsWorse(long timeMs, ReadOnlySpan<byte> entry, long otherMs, ReadOnlySpan<byte> other)
    {
        if (timeMs != otherMs)
        {
            return timeMs < otherMs == _newest;
        }

        int order = _form.Compare(entry, other);
        return _newest ? order < 0 : order > 0;
    }

    private readonly record struct Occurrence(long TimeMs, int Slot, int Offset, int Length, uint Hash);
}

using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// The n best entries of several first/last payloads. One per thread, reused: it allocates only while it grows.
/// </summary>
internal sealed class OrderedSelection
{
    [ThreadStatic]
    private static OrderedSelection? PerThread;

    private Entry[] _entries = new Entry[32];
    private int[] _order = new int[32];
    private ProbeTable _table = new();
    private int _entryCount;
    private int _orderCount;
    private EntryForm _form = null!;
    private bool _newest;
    private bool _distinct;
    private int _n;

    /// <summary>The empty selection of this thread; the one opened before is lost.</summary>
    public static OrderedSelection Open(EntryForm form, bool newest, bool distinct, int n)
    {
        OrderedSelection selection = PerThread ??= new OrderedSelection();
        selection._form = form;
        selection._newest = newest;
        selection._distinct = distinct;
        selection._n = n;
        selection._entryCount = 0;
        selection._orderCount = 0;
        if (distinct)
        {
            selection._table.Clear();
        }

        return selection;
    }

    /// <summary>True when there are n entries and all are better, by their times alone, than one of <paramref name="timeMs"/> or on its far side.</summary>
    public bool IsFullOf(long timeMs)
    {
        if (_orderCount < _n)
        {
            return false;
        }

        long worstMs = _entries[_order[_orderCount - 1]].TimeMs;
        return _newest ? worstMs > timeMs : worstMs < timeMs;
    }

    /// <summary>Offers an entry; false when it, and so every worse one, has no place.</summary>
    public bool Offer(in SlotList slots, int slot, long timeMs, int offset, ReadOnlySpan<byte> value)
    {
        if (_orderCount == _n && !IsBetter(slots, timeMs, value, _entries[_order[_orderCount - 1]]))
        {
            return false;
        }

        int id = -1;
        uint hash = 0;
        if (_distinct)
        {
            ReadOnlySpan<byte> identity = _form.Identity(value);
            hash = BytesHash.Of(identity);
            id = Find(slots, hash, identity);
            if (id >= 0 && _entries[id].IsSelected)
            {
                if (!IsBetter(slots, timeMs, value, _entries[id]))
                {
                    return true;
                }

                RemoveAt(PositionOf(slots, _entries[id]) - 1);
            }
        }

        if (id < 0)
        {
            id = Add(hash);
        }

        ref Entry entry = ref _entries[id];
        entry.TimeMs = timeMs;
        entry.Slot = slot;
        entry.Offset = offset;
        entry.Length = value.Length;
        entry.IsSelected = true;
        Select(slots, id);
        return true;
    }

    /// <summary>Offers the entries of a list that begins <paramref name="offset"/> bytes into the slot's payload, best first.</summary>
    public void OfferAll(in SlotList slots, int slot, int offset, OrderedEntries entries)
    {
        while (entries.MoveNext() && Offer(slots, slot, entries.TimeMs, offset + entries.ValueStart, entries.Value))
        {
        }
    }

    /// <summary>Writes the selection newest first, or nothing when it is empty; with <paramref name="isScalar"/> its only entry.</summary>
    public void Write(in SlotList slots, FeatureValueWriter value, bool isScalar)
    {
        if (_orderCount == 0)
        {
            return;
        }

        if (isScalar)
        {
            _form.Write(Value(slots, _entries[_order[0]]), value);
            return;
        }

        value.BeginArray();
        for (int i = 0; i < _orderCount; i++)
        {
            int id = _order[_newest ? i : _orderCount - 1 - i];
            _form.Write(Value(slots, _entries[id]), value);
        }

        value.EndArray();
    }

    private static ReadOnlySpan<byte> Value(in SlotList slots, in Entry entry) =>
        slots.Payload(entry.Slot).Slice(entry.Offset, entry.Length);

    private bool IsBetter(in SlotList slots, long timeMs, ReadOnlySpan<byte> value, in Entry other)
    {
        if (timeMs != other.TimeMs)
        {
            return timeMs > other.TimeMs == _newest;
        }

        int order = _form.Compare(value, Value(slots, other));
        return _newest ? order > 0 : order < 0;
    }

    private void Select(in SlotList slots, int id)
    {
        int at = PositionOf(slots, _entries[id]);
        if (_orderCount == _n)
        {
            _entries[_order[--_orderCount]].IsSelected = false;
        }

        if (_orderCount == _order.Length)
        {
            Array.Resize(ref _order, _order.Length * 2);
        }

        Array.Copy(_order, at, _order, at + 1, _orderCount - at);
        _order[at] = id;
        _orderCount++;
    }

    /// <summary>Number of selected entries that the given one does not beat.</summary>
    private int PositionOf(in SlotList slots, in Entry entry)
    {
        ReadOnlySpan<byte> value = Value(slots, entry);
        int low = 0;
        int high = _orderCount;
        while (low < high)
        {
            // Entries mostly come in order, so the first probe is the last place.
            int middle = high == _orderCount && low == 0 ? _orderCount - 1 : (low + high) / 2;
            if (IsBetter(slots, entry.TimeMs, value, _entries[_order[middle]]))
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }

    private void RemoveAt(int position)
    {
        _orderCount--;
        Array.Copy(_order, position + 1, _order, position, _orderCount - position);
    }

    private int Add(uint hash)
    {
        if (_entryCount == _entries.Length)
        {
            Array.Resize(ref _entries, _entries.Length * 2);
        }

        int id = _entryCount++;
        _entries[id].Hash = hash;
        if (_distinct)
        {
            for (int known = _table.Grow(_entryCount) ? 0 : id; known <= id; known++)
            {
                _table.Add(_entries[known].Hash, known);
            }
        }

        return id;
    }

    private int Find(in SlotList slots, uint hash, ReadOnlySpan<byte> identity)
    {
        for (int at = _table.First(hash); _table[at] >= 0; at = _table.Next(at))
        {
            ref readonly Entry entry = ref _entries[_table[at]];
            if (entry.Hash == hash && _form.Identity(Value(slots, entry)).SequenceEqual(identity))
            {
                return _table[at];
            }
        }

        return -1;
    }

    private struct Entry
    {
        public long TimeMs;
        public int Slot;
        public int Offset;
        public int Length;
        public uint Hash;
        public bool IsSelected;
    }
}

using System.Buffers.Text;
using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// Totals per sub-key over the slots of a window, addressed by id, and their two written forms. One per thread, reused: it allocates
/// only while it grows. Cells are valid for one evaluation by its number, so none has to be cleared.
/// </summary>
/// <typeparam name="TSum">The sum kept per sub-key; <see cref="NoSum"/> for counts.</typeparam>
internal sealed class KeyedTotals<TSum>
    where TSum : struct, ISum<TSum>
{
    [ThreadStatic]
    private static KeyedTotals<TSum>? PerThread;

    private Cell[] _cells = new Cell[64];
    private uint[] _touched = new uint[64];
    private uint[] _ranked = new uint[64];
    private readonly SubKeyOrder _order = new();
    private int _touchedCount;
    private int _evaluation;

    private static ReadOnlySpan<byte> OtherName => "other"u8;

    private static bool CountsOnly => typeof(TSum) == typeof(NoSum);

    /// <summary>True when a slot of the window holds rows above max-keys.</summary>
    public bool HasOther { get; private set; }

    /// <summary>The empty totals of this thread for ids below <paramref name="idsEnd"/>; those opened before are lost.</summary>
    public static KeyedTotals<TSum> Open(int idsEnd)
    {
        KeyedTotals<TSum> totals = PerThread ??= new KeyedTotals<TSum>();
        if (totals._cells.Length < idsEnd)
        {
            int size = Math.Max(idsEnd, totals._cells.Length * 2);
            totals._cells = new Cell[size];
            totals._touched = new uint[size];
            totals._ranked = new uint[size];
            totals._evaluation = 0;
        }

        if (totals._evaluation == int.MaxValue)
        {
            Array.Clear(totals._cells);
            totals._evaluation = 0;
        }

        totals._evaluation++;
        totals._touchedCount = 0;
        totals.HasOther = false;
        return totals;
    }

    /// <summary>Adds a slot.</summary>
    public void Add(in KeyedPayload<TSum> slot)
    {
        for (int i = 0; i < slot.Count; i++)
        {
            uint id = slot.Id(i);
            ref Cell cell = ref _cells[id];
            if (cell.Evaluation != _evaluation)
            {
                cell = default;
                cell.Evaluation = _evaluation;
                _touched[_touchedCount++] = id;
                HasOther |= id == 0;
            }

            cell.Amount += slot.Amount(i);
            cell.Sum.Add(slot.Sum(i));
        }
    }

    /// <summary>
    /// Writes a JSON object, names ascending bytewise, <c>other</c> last; nothing when it would be empty. A real sub-key of that name
    /// is added to <c>other</c> while there is one.
    /// </summary>
    public void WriteMap(ReadOnlySpan<byte> shared, FeatureValueWriter value)
    {
        // What is written must not change the totals: older slots may be added for a longer window.
        Cell other = _cells[0];
        _order.Clear();
        for (int i = 0; i < _touchedCount; i++)
        {
            uint id = _touched[i];
            if (id == 0 || !IsShown(_cells[id]))
            {
                continue;
            }

            ReadOnlySpan<byte> text = SubKeys.Text(shared, (int)id - 1);
            if (HasOther && text.SequenceEqual(OtherName))
            {
                Add(_cells[id], ref other);
                continue;
            }

            _order.Add(text, id);
        }

        bool showsOther = HasOther && IsShown(other);
        if (_order.Count == 0 && !showsOther)
        {
            return;
        }

        _order.Sort(shared);
        value.BeginObject();
        for (int i = 0; i < _order.Count; i++)
        {
            uint id = _order.Id(i);
            value.WriteName(SubKeys.Text(shared, (int)id - 1));
            WriteAmount(_cells[id], value);
        }

        if (showsOther)
        {
            value.WriteName(OtherName);
            WriteAmount(other, value);
        }

        value.EndObject();
    }

    /// <summary>
    /// Writes the <paramref name="rank"/> best as pairs, ties by key ascending bytewise; nothing when there are none. <c>other</c> is
    /// no sub-key and has no rank.
    /// </summary>
    public void WriteRanking(ReadOnlySpan<byte> shared, FeatureValueWriter value, int rank, bool isBottom, bool keyIsLong)
    {
        // A heap of the best so far with the worst of them at its root.
        Span<uint> heap = _ranked;
        int count = 0;
        for (int i = 0; i < _touchedCount; i++)
        {
            uint id = _touched[i];
            if (id == 0 || !IsShown(_cells[id]))
            {
                continue;
            }

            if (count < rank)
            {
                heap[count] = id;
                SiftUp(shared, heap, count++, isBottom);
            }
            else if (IsBetter(shared, id, heap[0], isBottom))
            {
                heap[0] = id;
                SiftDown(shared, heap[..count], isBottom);
            }
        }

        if (count == 0)
        {
            return;
        }

        for (int end = count - 1; end > 0; end--)
        {
            (heap[0], heap[end]) = (heap[end], heap[0]);
            SiftDown(shared, heap[..end], isBottom);
        }

        value.BeginArray();
        for (int i = 0; i < count; i++)
        {
            value.BeginArray();
            ReadOnlySpan<byte> text = SubKeys.Text(shared, (int)heap[i] - 1);
            if (keyIsLong && Utf8Parser.TryParse(text, out long number, out _))
            {
                value.Write(number);
            }
            else
            {
                value.WriteString(text);
            }

            WriteAmount(_cells[heap[i]], value);
            value.EndArray();
        }

        value.EndArray();
    }

    private static bool IsShown(in Cell cell) => cell.Amount != 0 && cell.Sum.HasValue;

    private static void WriteAmount(in Cell cell, FeatureValueWriter value)
    {
        if (CountsOnly)
        {
            value.Write(cell.Amount);
        }
        else
        {
            cell.Sum.Write(value);
        }
    }

    private static void Add(in Cell cell, ref Cell other)
    {
        Span<byte> encoded = stackalloc byte[TSum.EncodedLengthMax];
        encoded = encoded[..cell.Sum.EncodedLength];
        cell.Sum.Encode(encoded);
        other.Amount += cell.Amount;
        other.Sum.Add(encoded);
    }

    private bool IsBetter(ReadOnlySpan<byte> shared, uint left, uint right, bool isBottom)
    {
        ref readonly Cell a = ref _cells[left];
        ref readonly Cell b = ref _cells[right];
        int order = CountsOnly ? a.Amount.CompareTo(b.Amount) : TSum.Compare(a.Sum, b.Sum);
        return order != 0
            ? order > 0 != isBottom
            : SubKeys.Text(shared, (int)left - 1).SequenceCompareTo(SubKeys.Text(shared, (int)right - 1)) < 0;
    }

    private void SiftUp(ReadOnlySpan<byte> shared, Span<uint> heap, int at, bool isBottom)
    {
        while (at > 0)
        {
            int parent = (at - 1) / 2;
            if (!IsBetter(shared, heap[parent], heap[at], isBottom))
            {
                return;
            }

            (heap[parent], heap[at]) = (heap[at], heap[parent]);
            at = parent;
        }
    }

    private void SiftDown(ReadOnlySpan<byte> shared, Span<uint> heap, bool isBottom)
    {
        int at = 0;
        while (true)
        {
            int worst = at;
            for (int child = (2 * at) + 1; child <= (2 * at) + 2 && child < heap.Length; child++)
            {
                worst = IsBetter(shared, heap[worst], heap[child], isBottom) ? child : worst;
            }

            if (worst == at)
            {
                return;
            }

            (heap[worst], heap[at]) = (heap[at], heap[worst]);
            at = worst;
        }
    }

    private struct Cell
    {
        public long Amount;
        public TSum Sum;
        public int Evaluation;
    }
}

using System.Numerics;
using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// Counts of rows by an integer bin, sparse: histograms and quantile sketches. Payload: the floor (varint, 0 for none), then the bins in
/// ascending order, each as distance to the one before (varint; the first zig-zag) and count (zig-zag varint); none without rows.
/// <para>
/// The floor joins the bins nearest to 0 when there are too many: every bin b with 0 &lt; |b| &lt; floor counts as sign(b) · floor. It is the
/// smallest that brings the bins ever seen within the bound, so neither order nor slots show.
/// </para>
/// One per thread, reused: it allocates only while it grows.
/// </summary>
internal sealed class BinCounts
{
    // A slot with fewer bins than this share of those that are there is added bin by bin: most of its bins are known.
    private const int FewShare = 8;

    [ThreadStatic]
    private static BinCounts? PerThread;

    private int[] _bins = new int[64];
    private long[] _counts = new long[64];
    private int[] _mergedBins = new int[64];
    private long[] _mergedCounts = new long[64];
    private int _count;
    private int _floor;

    /// <summary>The bins, ascending.</summary>
    public ReadOnlySpan<int> Bins => _bins.AsSpan(0, _count);

    /// <summary>Their counts.</summary>
    public ReadOnlySpan<long> Counts => _counts.AsSpan(0, _count);

    /// <summary>True when bins were joined.</summary>
    public bool IsTruncated => _floor > 0;

    /// <summary>Most bytes of a payload with at most <paramref name="binsMax"/> bins besides bin 0.</summary>
    public static long PayloadBytesMax(int binsMax) => 5 + ((binsMax + 1L) * (5 + Packed.VarintBytesMax));

    /// <summary>The empty counts of this thread; those opened before are lost.</summary>
    public static BinCounts Open()
    {
        BinCounts counts = PerThread ??= new BinCounts();
        counts._count = 0;
        counts._floor = 0;
        return counts;
    }

    /// <summary>Adds to one bin of a slot.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="bin">The bin.</param>
    /// <param name="amount">What to add; what becomes 0 is removed.</param>
    /// <param name="binsMax">Most bins besides bin 0.</param>
    public static void Add(ref FeatureSlot slot, int bin, long amount, int binsMax)
    {
        if (!TryAddInPlace(slot.Payload, bin, amount))
        {
            BinCounts counts = Open();
            counts.Add(slot.Payload);
            counts.Add(bin, amount);
            counts.Limit(binsMax);
            counts.Store(ref slot);
        }
    }

    /// <summary>Adds a payload; an empty one is nothing.</summary>
    public void Add(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty)
        {
            return;
        }

        int at = 0;
        _floor = Math.Max(_floor, (int)Packed.ReadVarint(payload, ref at));
        Reserve(_count + (payload.Length / 2));
        int bin = 0;
        bool isFirst = true;
        if (payload.Length / 2 * FewShare < _count)
        {
            while (at < payload.Length)
            {
                bin = NextBin(payload, ref at, bin, ref isFirst);
                Add(bin, Packed.UnZigZag(Packed.ReadVarint(payload, ref at)));
            }

            return;
        }

        int from = 0;
        int to = 0;
        while (at < payload.Length)
        {
            bin = NextBin(payload, ref at, bin, ref isFirst);
            long amount = Packed.UnZigZag(Packed.ReadVarint(payload, ref at));
            while (from < _count && _bins[from] < bin)
            {
                Append(ref to, _bins[from], _counts[from]);
                from++;
            }

            if (from < _count && _bins[from] == bin)
            {
                amount += _counts[from++];
            }

            if (amount != 0)
            {
                Append(ref to, bin, amount);
            }
        }

        for (; from < _count; from++)
        {
            Append(ref to, _bins[from], _counts[from]);
        }

        _count = to;
        (_bins, _mergedBins) = (_mergedBins, _bins);
        (_counts, _mergedCounts) = (_mergedCounts, _counts);
    }

    /// <summary>Joins bins nearest to 0 until at most <paramref name="binsMax"/> are left besides bin 0.</summary>
    public void Limit(int binsMax)
    {
        int below = LowerBound(0);
        int above = LowerBound(1);
        int excess = _count - (above - below) - binsMax;
        if (_floor == 0 && excess <= 0)
        {
            return;
        }

        // From 0 outward on both sides. Joining keeps one bin a side, so the first of each side costs nothing.
        int left = below;
        int right = above;
        while (true)
        {
            int joined = Math.Max(below - left - 1, 0) + Math.Max(right - above - 1, 0);
            int next = Math.Min(left > 0 ? -_bins[left - 1] : int.MaxValue, right < _count ? _bins[right] : int.MaxValue);
            if (next == int.MaxValue || (joined >= excess && next > _floor))
            {
                break;
            }

            _floor = joined >= excess ? _floor : Math.Max(_floor, next);
            left -= left > 0 && _bins[left - 1] == -next ? 1 : 0;
            right += right < _count && _bins[right] == next ? 1 : 0;
        }

        Join(left, below, above, right);
    }

    /// <summary>Writes the payload; none without bins.</summary>
    public void Store(ref FeatureSlot slot)
    {
        int length = _count == 0 ? 0 : Packed.VarintLength((ulong)_floor);
        for (int i = 0; i < _count; i++)
        {
            length += Packed.VarintLength(Distance(i)) + Packed.VarintLength(Packed.ZigZag(_counts[i]));
        }

        if (slot.Payload.Length != length)
        {
            slot.ResizePayload(length);
        }

        if (length == 0)
        {
            return;
        }

        Span<byte> payload = slot.Payload;
        int at = Packed.WriteVarint(payload, (ulong)_floor);
        for (int i = 0; i < _count; i++)
        {
            at += Packed.WriteVarint(payload[at..], Distance(i));
            at += Packed.WriteVarint(payload[at..], Packed.ZigZag(_counts[i]));
        }
    }

    /// <summary>Adds to a bin that is there already, when its count keeps its length; false leaves everything as it was.</summary>
    private static bool TryAddInPlace(Span<byte> payload, int bin, long amount)
    {
        if (payload.IsEmpty)
        {
            return false;
        }

        int at = 0;
        int floor = (int)Packed.ReadVarint(payload, ref at);
        bin = bin != 0 && Math.Abs(bin) < floor ? Math.Sign(bin) * floor : bin;
        int found = 0;
        bool isFirst = true;
        while (at < payload.Length)
        {
            found = NextBin(payload, ref at, found, ref isFirst);
            int countAt = at;
            long count = Packed.UnZigZag(Packed.ReadVarint(payload, ref at)) + amount;
            if (found >= bin)
            {
                bool fits = found == bin && count != 0 && Packed.VarintLength(Packed.ZigZag(count)) == at - countAt;
                if (fits)
                {
                    Packed.WriteVarint(payload[countAt..], Packed.ZigZag(count));
                }

                return fits;
            }
        }

        return false;
    }

    private static int NextBin(ReadOnlySpan<byte> payload, ref int at, int before, ref bool isFirst)
    {
        ulong distance = Packed.ReadVarint(payload, ref at);
        if (!isFirst)
        {
            return before + (int)distance;
        }

        isFirst = false;
        return (int)Packed.UnZigZag(distance);
    }

    private ulong Distance(int index) => index == 0 ? Packed.ZigZag(_bins[0]) : (ulong)(_bins[index] - _bins[index - 1]);

    private void Add(int bin, long amount)
    {
        int at = LowerBound(bin);
        if (at < _count && _bins[at] == bin)
        {
            _counts[at] += amount;
            if (_counts[at] == 0)
            {
                RemoveAt(at, 1);
            }

            return;
        }

        Reserve(_count + 1);
        _bins.AsSpan(at, _count - at).CopyTo(_bins.AsSpan(at + 1));
        _counts.AsSpan(at, _count - at).CopyTo(_counts.AsSpan(at + 1));
        _bins[at] = bin;
        _counts[at] = amount;
        _count++;
    }

    /// <summary>Joins the bins from left to below into −floor, and those from above to right into floor; bin 0 stands between.</summary>
    private void Join(int left, int below, int above, int right)
    {
        JoinSide(above, right, _floor);
        JoinSide(left, below, -_floor);
    }

    private void JoinSide(int from, int to, int bin)
    {
        if (from == to)
        {
            return;
        }

        long amount = 0;
        foreach (long count in _counts.AsSpan(from, to - from))
        {
            amount += count;
        }

        _bins[from] = bin;
        _counts[from] = amount;
        int kept = amount == 0 ? 0 : 1;
        RemoveAt(from + kept, to - from - kept);
    }

    private void RemoveAt(int at, int count)
    {
        _bins.AsSpan(at + count, _count - at - count).CopyTo(_bins.AsSpan(at));
        _counts.AsSpan(at + count, _count - at - count).CopyTo(_counts.AsSpan(at));
        _count -= count;
    }

    private int LowerBound(int bin)
    {
        int at = Bins.BinarySearch(bin);
        return at < 0 ? ~at : at;
    }

    private void Append(ref int to, int bin, long amount)
    {
        _mergedBins[to] = bin;
        _mergedCounts[to++] = amount;
    }

    private void Reserve(int count)
    {
        if (_bins.Length >= count)
        {
            return;
        }

        int size = (int)BitOperations.RoundUpToPowerOf2((uint)count);
        Array.Resize(ref _bins, size);
        Array.Resize(ref _counts, size);
        _mergedBins = new int[size];
        _mergedCounts = new long[size];
    }
}

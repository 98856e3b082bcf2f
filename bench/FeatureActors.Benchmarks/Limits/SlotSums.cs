using System.Numerics;

namespace FeatureActors.Benchmarks.Limits;

/// <summary>The least that reading windows can cost: the slots are longs in one array, each window sums its last ones with vectors.</summary>
internal sealed class SlotSums
{
    private readonly int[] _windows;
    private readonly long[] _slots;
    private long _total;

    /// <summary>Windows of so many slots each.</summary>
    public SlotSums(int[] windows)
    {
        _windows = windows;
        _slots = [.. Enumerable.Range(0, windows.Length == 0 ? 0 : windows.Max()).Select(static i => (long)i)];
    }

    /// <summary>Reads every window; answers the sum of all reads, so that none is left out.</summary>
    public long Read()
    {
        foreach (int window in _windows)
        {
            ReadOnlySpan<long> slots = _slots.AsSpan(_slots.Length - window);
            var sums = Vector<long>.Zero;
            int i = 0;
            for (; i <= slots.Length - Vector<long>.Count; i += Vector<long>.Count)
            {
                sums += new Vector<long>(slots[i..]);
            }

            long sum = Vector.Sum(sums);
            for (; i < slots.Length; i++)
            {
                sum += slots[i];
            }

            _total += sum;
        }

        return _total;
    }
}

namespace FeatureActors.Core.Payloads;

/// <summary>Entries of a merged slot before they are written. One per thread, reused: it allocates only while it grows.</summary>
/// <typeparam name="TSum">The sum kept per sub-key.</typeparam>
internal sealed class KeyedScratch<TSum>
    where TSum : struct, ISum<TSum>
{
    [ThreadStatic]
    private static KeyedScratch<TSum>? PerThread;

    private uint[] _ids = new uint[64];
    private long[] _amounts = new long[64];
    private TSum[] _sums = new TSum[64];
    private int[] _releases = new int[64];
    private int _count;
    private int _releaseCount;

    /// <summary>Ids in order.</summary>
    public ReadOnlySpan<uint> Ids => _ids.AsSpan(0, _count);

    /// <summary>Row counts.</summary>
    public ReadOnlySpan<long> Amounts => _amounts.AsSpan(0, _count);

    /// <summary>Sums.</summary>
    public ReadOnlySpan<TSum> Sums => _sums.AsSpan(0, _count);

    /// <summary>Sub-keys that one slot less holds, once for each.</summary>
    public ReadOnlySpan<int> Releases => _releases.AsSpan(0, _releaseCount);

    /// <summary>The empty scratch of this thread; the one opened before is lost.</summary>
    public static KeyedScratch<TSum> Open()
    {
        KeyedScratch<TSum> scratch = PerThread ??= new KeyedScratch<TSum>();
        scratch._count = 0;
        scratch._releaseCount = 0;
        return scratch;
    }

    /// <summary>Adds an entry.</summary>
    public void Append(uint id, long amount, in TSum sum)
    {
        if (_count == _ids.Length)
        {
            Array.Resize(ref _ids, _count * 2);
            Array.Resize(ref _amounts, _count * 2);
            Array.Resize(ref _sums, _count * 2);
        }

        _ids[_count] = id;
        _amounts[_count] = amount;
        _sums[_count++] = sum;
    }

    /// <summary>Adds a sub-key to release.</summary>
    public void AppendRelease(int id)
    {
        if (_releaseCount == _releases.Length)
        {
            Array.Resize(ref _releases, _releaseCount * 2);
        }

        _releases[_releaseCount++] = id;
    }
}

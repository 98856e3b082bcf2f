namespace FeatureActors.Core.Payloads;

/// <summary>A set of small ids. One per thread, reused: it allocates only while it grows; marks are valid by their number, so none has to be cleared.</summary>
internal sealed class IdSet
{
    [ThreadStatic]
    private static IdSet? PerThread;

    private int[] _marks = new int[64];
    private uint[] _ids = new uint[64];
    private int _mark;
    private int _count;

    /// <summary>The ids, in the order in which they came.</summary>
    public ReadOnlySpan<uint> Ids => _ids.AsSpan(0, _count);

    /// <summary>The empty set of this thread for ids below <paramref name="idsEnd"/>; the one opened before is lost.</summary>
    public static IdSet Open(int idsEnd)
    {
        IdSet set = PerThread ??= new IdSet();
        if (set._marks.Length < idsEnd || set._mark == int.MaxValue)
        {
            int size = Math.Max(idsEnd, set._marks.Length * 2);
            set._marks = new int[size];
            set._ids = new uint[size];
            set._mark = 0;
        }

        set._mark++;
        set._count = 0;
        return set;
    }

    /// <summary>Adds an id; false when it is there.</summary>
    public bool Add(uint id)
    {
        if (_marks[id] == _mark)
        {
            return false;
        }

        _marks[id] = _mark;
        _ids[_count++] = id;
        return true;
    }
}

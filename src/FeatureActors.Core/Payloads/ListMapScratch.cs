namespace FeatureActors.Core.Payloads;

/// <summary>
/// The lists of each sub-key over the slots of a window. One per thread, reused: it allocates only while it grows; heads are valid for one
/// evaluation by its number, so none has to be cleared.
/// </summary>
internal sealed class ListMapScratch
{
    [ThreadStatic]
    private static ListMapScratch? PerThread;

    private readonly SubKeyOrder _order = new();
    private Head[] _heads = new Head[64];
    private Node[] _nodes = new Node[64];
    private uint[] _ids = new uint[64];
    private int _nodeCount;
    private int _idCount;
    private int _evaluation;

    /// <summary>Number of sub-keys.</summary>
    public int Count => _order.Count;

    /// <summary>The empty scratch of this thread for ids below <paramref name="idsEnd"/>; the one opened before is lost.</summary>
    public static ListMapScratch Open(int idsEnd)
    {
        ListMapScratch scratch = PerThread ??= new ListMapScratch();
        if (scratch._heads.Length < idsEnd || scratch._evaluation == int.MaxValue)
        {
            int size = Math.Max(idsEnd, scratch._heads.Length * 2);
            scratch._heads = new Head[size];
            scratch._ids = new uint[size];
            scratch._evaluation = 0;
        }

        scratch._evaluation++;
        scratch._nodeCount = 0;
        scratch._idCount = 0;
        return scratch;
    }

    /// <summary>Adds a list of a sub-key; those of later slots come first.</summary>
    public void Add(uint id, int slot, PayloadPart list)
    {
        if (_nodeCount == _nodes.Length)
        {
            Array.Resize(ref _nodes, _nodeCount * 2);
        }

        ref Head head = ref _heads[id];
        if (head.Evaluation != _evaluation)
        {
            head.Evaluation = _evaluation;
            head.First = -1;
            _ids[_idCount++] = id;
        }

        _nodes[_nodeCount] = new Node { Slot = slot, List = list, Next = head.First };
        head.First = _nodeCount++;
    }

    /// <summary>Sorts the sub-keys by their texts and answers their number.</summary>
    public int Sort(ReadOnlySpan<byte> shared)
    {
        _order.Clear();
        for (int i = 0; i < _idCount; i++)
        {
            _order.Add(SubKeys.Text(shared, (int)_ids[i] - 1), _ids[i]);
        }

        _order.Sort(shared);
        return _order.Count;
    }

    /// <summary>The sub-key at a place after <see cref="Sort"/>.</summary>
    public uint Id(int index) => _order.Id(index);

    /// <summary>The first list of a sub-key.</summary>
    public int First(uint id) => _heads[id].First;

    /// <summary>A list and the one behind it, −1 for none.</summary>
    public int Read(int node, out int slot, out PayloadPart list)
    {
        ref readonly Node found = ref _nodes[node];
        slot = found.Slot;
        list = found.List;
        return found.Next;
    }

    private struct Head
    {
        public int Evaluation;
        public int First;
    }

    private struct Node
    {
        public int Slot;
        public PayloadPart List;
        public int Next;
    }
}

namespace FeatureActors.Runtime.Entities;

/// <summary>
/// A queue in pages, whose memory follows what is in it: an array that doubles would hold the most there ever was, in two copies
/// for a while. Empty pages are used again. Not safe for concurrent use.
/// </summary>
internal sealed class PagedQueue<T>
    where T : unmanaged
{
    private const int PageBytes = 4 * 1024;

    // Kept for the next rise: enough that a queue of usual length allocates nothing.
    private const int SparesMax = 32;

    private static readonly int PageItems = PageBytes / System.Runtime.CompilerServices.Unsafe.SizeOf<T>();

    private readonly Queue<T[]> _pages = new();
    private readonly Stack<T[]> _spares = new();
    private T[]? _last;
    private int _head;
    private int _tail;

    /// <summary>Items in the queue.</summary>
    public int Count { get; private set; }

    /// <summary>Adds an item behind the others.</summary>
    public void Enqueue(in T item)
    {
        if (_last is null || _tail == PageItems)
        {
            _last = _spares.TryPop(out T[]? spare) ? spare : GC.AllocateUninitializedArray<T>(PageItems);
            _pages.Enqueue(_last);
            _tail = 0;
        }

        _last[_tail++] = item;
        Count++;
    }

    /// <summary>The first item, if there is one.</summary>
    public bool TryPeek(out T item)
    {
        item = Count > 0 ? _pages.Peek()[_head] : default;
        return Count > 0;
    }

    /// <summary>Takes the first item, if there is one.</summary>
    public bool TryDequeue(out T item)
    {
        if (!TryPeek(out item))
        {
            return false;
        }

        _head++;
        if (--Count == 0)
        {
            _head = _tail = 0;
        }
        else if (_head == PageItems)
        {
            T[] page = _pages.Dequeue();
            _head = 0;
            if (_spares.Count < SparesMax)
            {
                _spares.Push(page);
            }
        }

        return true;
    }
}

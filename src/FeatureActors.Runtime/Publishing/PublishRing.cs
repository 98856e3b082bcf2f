namespace FeatureActors.Runtime.Publishing;

/// <summary>
/// The acknowledged batches of late, oldest first, in bounded memory: a sink that loses its newest writes gets them again from
/// here. Not safe for concurrent use.
/// </summary>
/// <param name="bytesMax">Most bytes kept; the batch acknowledged last may be larger and is then not kept either.</param>
internal sealed class PublishRing(long bytesMax)
{
    private readonly Queue<PublishRecord> _records = new();
    private long _bytes;

    /// <summary>Keeps an acknowledged batch; the oldest go as the bound says.</summary>
    public void Keep(PublishRecord record)
    {
        _records.Enqueue(record);
        _bytes += record.Bytes;
        while (_bytes > bytesMax && _records.TryDequeue(out PublishRecord? oldest))
        {
            _bytes -= oldest.Bytes;
            oldest.Dispose();
        }
    }

    /// <summary>True when every batch behind <paramref name="batch"/> that was acknowledged is here.</summary>
    /// <param name="batch">The last batch that the sink has.</param>
    /// <param name="lastAcked">The last that was acknowledged.</param>
    public bool HoldsAllBehind(long batch, long lastAcked) => _records.TryPeek(out PublishRecord? oldest)
        ? batch >= oldest.Batch.Batch - 1 && batch <= lastAcked
        : batch == lastAcked;

    /// <summary>Empties the ring: the batches behind <paramref name="batch"/> go to the front of <paramref name="ready"/>, in order.</summary>
    public void TakeBack(long batch, LinkedList<PublishRecord> ready)
    {
        LinkedListNode<PublishRecord>? behind = null;
        while (_records.TryDequeue(out PublishRecord? record))
        {
            if (record.Batch.Batch <= batch)
            {
                record.Dispose();
                continue;
            }

            behind = behind is null ? ready.AddFirst(record) : ready.AddAfter(behind, record);
        }

        _bytes = 0;
    }
}

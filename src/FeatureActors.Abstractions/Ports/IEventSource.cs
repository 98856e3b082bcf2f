namespace FeatureActors.Abstractions.Ports;

/// <summary>
/// Where events of one source come from: a topic, a file. Positions are offsets per partition and repeatable: reading again
/// from an offset yields the same events. Methods may throw <see cref="Errors.DependencyUnavailableException"/>.
/// </summary>
public interface IEventSource : IAsyncDisposable
{
    /// <summary>Source name as in the definitions.</summary>
    string Source { get; }

    /// <summary>Number of partitions of the source.</summary>
    ValueTask<int> CountPartitionsAsync(CancellationToken cancellationToken);

    /// <summary>Offsets held now.</summary>
    ValueTask<LogRange> GetRangeAsync(int partition, CancellationToken cancellationToken);

    /// <summary>Yields the partitions this node is to read, as they are assigned and taken away; several nodes share a source.</summary>
    IAsyncEnumerable<SourceAssignment> WatchAsync(CancellationToken cancellationToken);

    /// <summary>Opens a reader at <paramref name="nextOffset"/>; offsets below those held start at the first held and say so in the first chunk.</summary>
    ValueTask<IEventReader> ReadFromAsync(int partition, long nextOffset, CancellationToken cancellationToken);
}

/// <summary>A source partition was assigned to this node, or taken from it.</summary>
/// <param name="Partition">0-based partition.</param>
/// <param name="IsAssigned">True for assigned.</param>
public readonly record struct SourceAssignment(int Partition, bool IsAssigned);

/// <summary>Reads one source partition in order. One caller at a time.</summary>
public interface IEventReader : IAsyncDisposable
{
    /// <summary>
    /// Fills <paramref name="chunk"/> (cleared first) with at least one event or an end; waits while there is none.
    /// Keeps only a bounded number of events ahead.
    /// </summary>
    ValueTask ReadAsync(EventChunk chunk, CancellationToken cancellationToken);
}

using FeatureActors.Abstractions.Ports;

namespace FeatureActors.TestKit.Ports;

/// <summary><see cref="ISourcePositions"/> in memory, with injected faults. Calls end before they return.</summary>
public sealed class InMemorySourcePositions() : FaultyPort("source positions in memory"), ISourcePositions
{
    private readonly Dictionary<(string Source, int Partition), SourcePosition> _positions = [];

    /// <inheritdoc/>
    public ValueTask<SourcePosition?> ReadAsync(string source, int partition, CancellationToken cancellationToken) =>
        RunAsync(nameof(ReadAsync), null, () => Read(source, partition), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask SaveAsync(IReadOnlyList<SourcePosition> positions, CancellationToken cancellationToken) =>
        await RunAsync(nameof(SaveAsync), null, () => Save(positions), cancellationToken).ConfigureAwait(false);

    internal int Save(IReadOnlyList<SourcePosition> positions)
    {
        foreach (var position in positions)
        {
            var place = (position.Source, position.Partition);
            if (!_positions.TryGetValue(place, out var stored) || IsAhead(position, stored))
            {
                _positions[place] = position;
            }
        }

        return positions.Count;
    }

    internal SourcePosition? Read(string source, int partition) => _positions.GetValueOrDefault((source, partition));

    private static bool IsAhead(SourcePosition position, SourcePosition stored) =>
        position.Lane > stored.Lane
        || (position.Lane == stored.Lane
            && position.NextOffset >= stored.NextOffset
            && position.DefinitionsVersion >= stored.DefinitionsVersion);
}

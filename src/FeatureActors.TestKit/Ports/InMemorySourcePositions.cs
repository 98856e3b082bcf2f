using FeatureActors.Abstractions.Ports;

namespace FeatureActors.TestKit.Ports;

/// <summary><see cref="ISourcePositions"/> in memory, with injected faults. Calls end before they return.</summary>
public sealed class InMemorySourcePositions() : FaultyPort("source positions in memory"), ISourcePositions
{
    private readonly Dictionary<(string Source, int Partition), SourcePosition> _positions = [];
    private readonly Dictionary<(string Source, int Partition), IReadOnlyList<DefinitionsStart>> _starts = [];
    private readonly List<DefinitionsStart> _begun = [];

    /// <summary>Every start that was ever fixed, in the order in which that was done.</summary>
    public IReadOnlyList<DefinitionsStart> Begun => Inspect<IReadOnlyList<DefinitionsStart>>(() => [.. _begun]);

    /// <inheritdoc/>
    public ValueTask<SourcePosition?> ReadAsync(string source, int partition, CancellationToken cancellationToken) =>
        RunAsync(nameof(ReadAsync), null, () => Read(source, partition), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask SaveAsync(IReadOnlyList<SourcePosition> positions, CancellationToken cancellationToken) =>
        await RunAsync(nameof(SaveAsync), null, () => Save(positions), cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<DefinitionsStart>> BeginVersionAsync(DefinitionsStart start, CancellationToken cancellationToken) =>
        RunAsync(nameof(BeginVersionAsync), null, () => BeginVersion(start), cancellationToken);

    internal IReadOnlyList<DefinitionsStart> BeginVersion(DefinitionsStart start)
    {
        (string, int) place = (start.Source, start.Partition);
        SourcePosition? saved = _positions.GetValueOrDefault(place);
        IReadOnlyList<DefinitionsStart> starts = DefinitionsCourse.Keep(_starts.GetValueOrDefault(place) ?? [], saved);
        if (DefinitionsCourse.Next(start, starts, saved) is { } next)
        {
            starts = DefinitionsCourse.With(starts, next);
            if (!next.IsAnnounced)
            {
                _begun.Add(next);
            }
        }

        _starts[place] = starts;
        return DefinitionsCourse.InForce(start.Lane, starts, saved);
    }

    internal int Save(IReadOnlyList<SourcePosition> positions)
    {
        foreach (var position in positions)
        {
            var place = (position.Source, position.Partition);
            bool isReplaced = _starts.GetValueOrDefault(place)?.Any(s => s.Lane == position.Lane && s.Version > position.NodeVersion) ?? false;
            if (!isReplaced && (!_positions.TryGetValue(place, out var stored) || IsAhead(position, stored)))
            {
                _positions[place] = position with { NodeVersion = 0 };
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

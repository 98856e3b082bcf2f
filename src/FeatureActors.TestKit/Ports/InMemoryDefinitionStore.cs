using FeatureActors.Abstractions.Ports;

namespace FeatureActors.TestKit.Ports;

/// <summary><see cref="IDefinitionStore"/> in memory, with injected faults. Calls end before they return.</summary>
public sealed class InMemoryDefinitionStore() : FaultyPort("definitions in memory"), IDefinitionStore
{
    private readonly Dictionary<string, DefinitionsSnapshot> _snapshots = [];
    private readonly Dictionary<(string Namespace, long Version), string> _texts = [];

    /// <inheritdoc/>
    public ValueTask<DefinitionsSnapshot?> ReadAsync(string definitionsNamespace, CancellationToken cancellationToken) =>
        RunAsync(nameof(ReadAsync), null, () => _snapshots.GetValueOrDefault(definitionsNamespace), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string?> ReadTextAsync(string definitionsNamespace, long version, CancellationToken cancellationToken) =>
        RunAsync(nameof(ReadTextAsync), null, () => _texts.GetValueOrDefault((definitionsNamespace, version)), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<bool> TryStoreAsync(DefinitionsSnapshot snapshot, CancellationToken cancellationToken) =>
        RunAsync(nameof(TryStoreAsync), null, () => TryStore(snapshot), cancellationToken);

    private bool TryStore(DefinitionsSnapshot snapshot)
    {
        var stored = _snapshots.GetValueOrDefault(snapshot.Namespace);
        if (snapshot.Version != (stored?.Version ?? 0) + 1)
        {
            return false;
        }

        var given = snapshot.Numbers.ToDictionary(static number => (number.Kind, number.Entity, number.Number));
        foreach (var old in stored?.Numbers ?? [])
        {
            if (!given.TryGetValue((old.Kind, old.Entity, old.Number), out var kept) || kept.Name != old.Name || kept.Shape != old.Shape)
            {
                throw new InvalidOperationException(
                    $"version {snapshot.Version} of namespace {snapshot.Namespace} drops or reuses number {old.Number} of {old.Kind} {old.Name} (entity {old.Entity})");
            }
        }

        _texts[(snapshot.Namespace, snapshot.Version)] = snapshot.Text;
        _snapshots[snapshot.Namespace] = snapshot with { Numbers = [.. snapshot.Numbers] };
        return true;
    }
}

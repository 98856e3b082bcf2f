namespace FeatureActors.Abstractions.Ports;

/// <summary>
/// Versions of the definitions and the numbers given to their parts. Numbers are never reused. Methods may throw
/// <see cref="Errors.DependencyUnavailableException"/>; the outcome of a store is then unknown and is found out by reading.
/// Safe for concurrent calls.
/// </summary>
public interface IDefinitionStore
{
    /// <summary>The newest version of a namespace with all numbers ever given, or null before the first <c>apply</c>.</summary>
    ValueTask<DefinitionsSnapshot?> ReadAsync(string definitionsNamespace, CancellationToken cancellationToken);

    /// <summary>The text of one version of a namespace, or null when there is no such version.</summary>
    ValueTask<string?> ReadTextAsync(string definitionsNamespace, long version, CancellationToken cancellationToken);

    /// <summary>
    /// Stores <paramref name="snapshot"/> when the stored version is still one below (none counts as 0); false, and nothing
    /// stored, when somebody was faster. Older versions are kept.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// The snapshot leaves out a number given before or gives it another name or shape; nothing is stored.
    /// </exception>
    ValueTask<bool> TryStoreAsync(DefinitionsSnapshot snapshot, CancellationToken cancellationToken);
}

/// <summary>One version of the definitions.</summary>
/// <param name="Namespace">Namespace.</param>
/// <param name="Version">1 for the first.</param>
/// <param name="Text">The resolved definitions as text.</param>
/// <param name="AppliedAtMs">When it was applied, Unix milliseconds.</param>
/// <param name="Numbers">Every number ever given in the namespace, in use or not.</param>
public sealed record DefinitionsSnapshot(
    string Namespace, long Version, string Text, long AppliedAtMs, IReadOnlyList<AssignedNumber> Numbers);

/// <summary>What a number was given to.</summary>
public enum NumberKind
{
    /// <summary>A feature of an entity; its shape is type, inputs, filters, sources and slots.</summary>
    Feature = 1,

    /// <summary>A column of an entity's rows; its shape is the field type.</summary>
    Column = 2,

    /// <summary>A group of an entity; at most 64 live ones, for a row carries them as bits.</summary>
    Group = 3,
}

/// <summary>A number given once and never reused within (kind, entity).</summary>
/// <param name="Kind">What it numbers.</param>
/// <param name="Entity">Entity type.</param>
/// <param name="Number">The number, from 1 (features, columns) or 0 (groups).</param>
/// <param name="Name">For features <c>group.feature</c>, for columns <c>source.field</c>, for groups the group.</param>
/// <param name="Shape">What must not change under the number; a changed shape gets a new one.</param>
/// <param name="SinceMs">When the number was given, Unix milliseconds.</param>
/// <param name="Windows">For features, each window's canonical name with the time it was added, as <c>name=ms</c> joined by commas.</param>
/// <param name="IsLive">False when no definition uses it any more.</param>
public sealed record AssignedNumber(
    NumberKind Kind, string Entity, int Number, string Name, string Shape, long SinceMs, string Windows, bool IsLive)
{
    /// <summary>Version of the definitions that gave the number; 0 when unknown, which counts as older than any.</summary>
    public long SinceVersion { get; init; }
}

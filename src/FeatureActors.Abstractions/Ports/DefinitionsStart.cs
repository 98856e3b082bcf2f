namespace FeatureActors.Abstractions.Ports;

/// <summary>Where a version of the definitions takes effect in a source partition: fixed once, before the first event is read with it.</summary>
/// <param name="Source">Source name.</param>
/// <param name="Partition">0-based partition.</param>
/// <param name="Lane">Lane of the source.</param>
/// <param name="Version">The version, above every one that began before it in the lane.</param>
/// <param name="From">Offset of the first event that it routes, up to where the next version begins; 0 for the first version of a lane.</param>
public sealed record DefinitionsStart(string Source, int Partition, int Lane, long Version, long From);

/// <summary>
/// The versions of the definitions along a lane of a source partition. What every <see cref="ISourcePositions"/> decides when a version
/// begins: a function of what it holds, to be called and carried out in one transaction.
/// </summary>
public static class DefinitionsCourse
{
    /// <summary>What is left to be kept: starts of older lanes, and those that lie wholly below the saved position, are not.</summary>
    /// <param name="stored">The starts held for the source partition.</param>
    /// <param name="saved">Its position, or null.</param>
    public static IReadOnlyList<DefinitionsStart> Keep(IEnumerable<DefinitionsStart> stored, SourcePosition? saved) =>
        [.. stored.Where(s => saved is null || s.Lane > saved.Lane || (s.Lane == saved.Lane && s.Version > saved.DefinitionsVersion))];

    /// <summary>The versions in force in a lane from the saved position on, oldest first; the first is in force below its start too.</summary>
    /// <param name="lane">The lane.</param>
    /// <param name="stored">The starts held for the source partition.</param>
    /// <param name="saved">Its position, or null.</param>
    public static IReadOnlyList<DefinitionsStart> InForce(int lane, IEnumerable<DefinitionsStart> stored, SourcePosition? saved)
    {
        IEnumerable<DefinitionsStart> starts = Keep(stored, saved).Where(s => s.Lane == lane).OrderBy(static s => s.Version);
        return saved is { } position && position.Lane == lane
            ? [new DefinitionsStart(position.Source, position.Partition, lane, position.DefinitionsVersion, position.DefinitionsFrom), .. starts]
            : [.. starts];
    }

    /// <summary>
    /// What is to be stored when a version begins: null when it or a newer one is in force already; from the beginning when it is the first
    /// of its lane; else from the offset wanted, but never below the saved position or the start of the version before it.
    /// </summary>
    /// <param name="wanted">The version that begins, and where it would.</param>
    /// <param name="stored">The starts held for the source partition.</param>
    /// <param name="saved">Its position, or null.</param>
    public static DefinitionsStart? Next(DefinitionsStart wanted, IEnumerable<DefinitionsStart> stored, SourcePosition? saved)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        IReadOnlyList<DefinitionsStart> course = InForce(wanted.Lane, stored, saved);
        if (saved?.Lane > wanted.Lane || (course.Count > 0 && course[^1].Version >= wanted.Version))
        {
            return null;
        }

        long lowest = saved?.Lane == wanted.Lane ? saved.NextOffset : 0;
        return course.Count == 0
            ? wanted with { From = 0 }
            : wanted with { From = Math.Max(wanted.From, Math.Max(lowest, course[^1].From)) };
    }
}

namespace FeatureActors.Abstractions.Ports;

/// <summary>Where a version of the definitions takes effect in a source partition: fixed once, before the first event is read with it.</summary>
/// <param name="Source">Source name.</param>
/// <param name="Partition">0-based partition.</param>
/// <param name="Lane">Lane of the source.</param>
/// <param name="Version">The version, above every one that began before it in the lane.</param>
/// <param name="From">
/// Offset of the first event that it routes, up to where the next version begins; 0 for the first version of a lane; <see cref="Announced"/>
/// while it is only said that it will.
/// </param>
public sealed record DefinitionsStart(string Source, int Partition, int Lane, long Version, long From)
{
    /// <summary>In place of an offset: the version will begin, where is not known yet.</summary>
    public const long Announced = -1;

    /// <summary>True while it is not known where the version begins.</summary>
    public bool IsAnnounced => From < 0;
}

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

    /// <summary>
    /// The versions in force in a lane from the saved position on, oldest first, with those announced; the first is in force below its start
    /// too.
    /// </summary>
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
    /// What is to be stored, in place of its announcement if there is one, when a version begins or is announced: null when it, or a newer
    /// one, did before; from the beginning when it is the first of its lane; else from the offset wanted, but never below the saved position
    /// or the start of the version before it.
    /// </summary>
    /// <param name="wanted">The version that begins, and where it would.</param>
    /// <param name="stored">The starts held for the source partition.</param>
    /// <param name="saved">Its position, or null.</param>
    public static DefinitionsStart? Next(DefinitionsStart wanted, IEnumerable<DefinitionsStart> stored, SourcePosition? saved)
    {
        ArgumentNullException.ThrowIfNull(wanted);
        IReadOnlyList<DefinitionsStart> course = InForce(wanted.Lane, stored, saved);
        DefinitionsStart? newest = course.Count == 0 ? null : course[^1];
        if (saved?.Lane > wanted.Lane
            || newest?.Version > wanted.Version
            || (newest?.Version == wanted.Version && (wanted.IsAnnounced || !newest.IsAnnounced)))
        {
            return null;
        }

        if (newest is null)
        {
            return wanted with { From = 0 };
        }

        long lowest = Math.Max(saved?.Lane == wanted.Lane ? saved.NextOffset : 0, course.Max(static s => s.From));
        return wanted.IsAnnounced ? wanted : wanted with { From = Math.Max(wanted.From, lowest) };
    }

    /// <summary>The starts with one more, which takes the place of its announcement.</summary>
    public static IReadOnlyList<DefinitionsStart> With(IEnumerable<DefinitionsStart> stored, DefinitionsStart next) =>
        [.. stored.Where(s => (s.Lane, s.Version) != (next.Lane, next.Version)), next];
}

namespace FeatureActors.Abstractions.Ports;

/// <summary>
/// How far each source partition is known to be in the shard logs. Saved positions never fall within a lane, lanes never
/// fall. Methods may throw <see cref="Errors.DependencyUnavailableException"/>. Safe for concurrent calls.
/// </summary>
public interface ISourcePositions
{
    /// <summary>The saved position, or null when the partition was never read.</summary>
    ValueTask<SourcePosition?> ReadAsync(string source, int partition, CancellationToken cancellationToken);

    /// <summary>
    /// Saves positions, all or none. The stored position of a partition stays as it is, without an error, when the new one has
    /// a lower lane, or in the same lane a lower <see cref="SourcePosition.NextOffset"/> or
    /// <see cref="SourcePosition.DefinitionsVersion"/>, or when a version above its <see cref="SourcePosition.NodeVersion"/> has begun or
    /// was announced in the lane. Save only what the shard logs have acknowledged as durable.
    /// </summary>
    ValueTask SaveAsync(IReadOnlyList<SourcePosition> positions, CancellationToken cancellationToken);

    /// <summary>
    /// Fixes where a version of the definitions takes effect in a lane, before anything is read with it. Who is first says where: later calls
    /// change nothing and answer the same. With <see cref="DefinitionsStart.Announced"/> it only says that the version will begin: from then on no
    /// node of older definitions saves a position in the lane. <see cref="DefinitionsCourse"/> has the rules. Starts that lie wholly below the saved position
    /// are forgotten.
    /// </summary>
    /// <param name="start">The version, and where it should begin unless it has begun already.</param>
    /// <param name="cancellationToken">Gives up; the outcome is then unknown and found out by calling again.</param>
    /// <returns>The versions in force from the saved position on, oldest first; none when a newer lane was opened meanwhile.</returns>
    ValueTask<IReadOnlyList<DefinitionsStart>> BeginVersionAsync(DefinitionsStart start, CancellationToken cancellationToken);
}

/// <summary>Progress of a source partition.</summary>
/// <param name="Source">Source name.</param>
/// <param name="Partition">0-based partition.</param>
/// <param name="Lane">Number of the lane; raised when a recreated source is accepted.</param>
/// <param name="NextOffset">Everything below is acknowledged in every shard log.</param>
/// <param name="DefinitionsVersion">Definitions version in force from <paramref name="DefinitionsFrom"/> on.</param>
/// <param name="DefinitionsFrom">Offset from which that version routes the partition's events.</param>
public sealed record SourcePosition(
    string Source, int Partition, int Lane, long NextOffset, long DefinitionsVersion, long DefinitionsFrom)
{
    private readonly long _nodeVersion;

    /// <summary>Version of the definitions of the node that saves, never below <see cref="DefinitionsVersion"/>; not stored.</summary>
    public long NodeVersion
    {
        get => Math.Max(_nodeVersion, DefinitionsVersion);
        init => _nodeVersion = value;
    }
}

using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary>Nodes of the namespace write a format that this one does not read: it must not own a shard.</summary>
/// <param name="schema">The schema.</param>
/// <param name="written">Newest format written.</param>
/// <param name="newestRead">Newest format that this release reads.</param>
public sealed class UnreadableFormatException(string schema, int written, int newestRead)
    : FeatureActorsException(
        $"could not join the nodes of schema {schema}: they write format {written} into logs and states, this release reads up to {newestRead}; run a release that reads it (docs/runbook.md, Roll back)")
{
    /// <summary>The schema.</summary>
    public string Schema { get; } = schema;

    /// <summary>Newest format written.</summary>
    public int Written { get; } = written;

    /// <summary>Newest format that this release reads.</summary>
    public int NewestRead { get; } = newestRead;

    /// <inheritdoc/>
    public override bool IsTransient => false;
}

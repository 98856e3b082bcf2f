using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>A database file was written by a newer release; this one would misread it.</summary>
/// <param name="file">The file.</param>
/// <param name="stored">Schema version of the file.</param>
/// <param name="known">Newest version this release knows.</param>
public sealed class UnknownSchemaException(string file, int stored, int known)
    : FeatureActorsException(
        $"could not open {file}: it has schema version {stored}, this release knows up to {known}; run the release that wrote it, or a newer one")
{
    /// <summary>The file.</summary>
    public string File { get; } = file;

    /// <summary>Schema version of the file.</summary>
    public int Stored { get; } = stored;

    /// <summary>Newest version this release knows.</summary>
    public int Known { get; } = known;

    /// <inheritdoc/>
    public override bool IsTransient => false;
}

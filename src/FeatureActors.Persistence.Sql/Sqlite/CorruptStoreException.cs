using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>A database file is damaged or not a database. Trying again does not help.</summary>
/// <param name="file">The file.</param>
/// <param name="detail">SQLite's own words.</param>
public sealed class CorruptStoreException(string file, string detail)
    : FeatureActorsException($"could not read {file}: {detail}; restore the whole data directory from a backup or start with an empty one")
{
    /// <summary>The file.</summary>
    public string File { get; } = file;

    /// <inheritdoc/>
    public override bool IsTransient => false;
}

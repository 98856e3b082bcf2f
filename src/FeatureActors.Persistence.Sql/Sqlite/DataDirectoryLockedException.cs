using FeatureActors.Abstractions.Errors;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>Another process holds the data directory; two of them would write each other's files.</summary>
/// <param name="directory">The directory.</param>
/// <param name="innerException">The refusal of the operating system.</param>
public sealed class DataDirectoryLockedException(string directory, Exception? innerException = null)
    : FeatureActorsException(
        $"could not open the data directory {directory}: another process holds its file \"lock\"; stop that process or use another directory",
        innerException)
{
    /// <summary>The directory.</summary>
    public string Directory { get; } = directory;

    /// <inheritdoc/>
    public override bool IsTransient => false;
}

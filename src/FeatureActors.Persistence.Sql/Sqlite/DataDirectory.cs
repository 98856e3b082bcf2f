using System.Globalization;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>
/// Names of the files of a data directory, and the lock that keeps other processes out. The operating system drops the lock
/// with the process, however it ends.
/// </summary>
public sealed class DataDirectory : IDisposable
{
    /// <summary>Name of the file of everything that is not one shard's.</summary>
    internal const string CatalogName = "catalog.db";

    // What a refused lock looks like: EWOULDBLOCK on Linux and on BSD, a sharing violation on Windows.
    private static readonly int[] LockedCodes = [11, 35, unchecked((int)0x80070020)];

    private readonly string _path;
    private readonly FileStream _lock;

    private DataDirectory(string path, FileStream lockFile)
    {
        _path = path;
        _lock = lockFile;
    }

    /// <summary>The file of everything that is not one shard's.</summary>
    internal string CatalogFile => Path.Combine(_path, CatalogName);

    /// <summary>Creates the directory when it is missing and locks it.</summary>
    /// <exception cref="DataDirectoryLockedException">Another process holds it.</exception>
    /// <exception cref="DependencyUnavailableException">It cannot be created or written.</exception>
    public static DataDirectory Lock(string path)
    {
        path = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(path);
            return new DataDirectory(
                path, new FileStream(Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException exception) when (LockedCodes.Contains(exception.HResult))
        {
            throw new DataDirectoryLockedException(path, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new DependencyUnavailableException(
                $"data directory {path}", $"could not open the data directory: {exception.Message}", exception);
        }
    }

    /// <summary>File of a shard's state.</summary>
    internal string StateFile(ShardId shard) => ShardFile("state", shard);

    /// <summary>File of a shard's log.</summary>
    internal string LogFile(ShardId shard) => ShardFile("log", shard);

    /// <summary>Refuses names that could leave the directory or that some file system does not take.</summary>
    /// <exception cref="ArgumentException">The name has other characters than letters, digits, <c>_</c> and <c>-</c>, or more than 100.</exception>
    internal static void RequireFileSafe(string entity)
    {
        ArgumentException.ThrowIfNullOrEmpty(entity);
        if (entity.Length > 100 || entity.Any(static c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-')))
        {
            throw new ArgumentException(
                $"entity name '{entity}' cannot be part of a file name: use at most 100 letters, digits, '_' and '-'", nameof(entity));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private string ShardFile(string kind, ShardId shard)
    {
        RequireFileSafe(shard.Entity);
        ArgumentOutOfRangeException.ThrowIfNegative(shard.Partition, nameof(shard));
        return Path.Combine(_path, string.Create(CultureInfo.InvariantCulture, $"{kind}-{shard.Entity}-{shard.Partition}.db"));
    }
}

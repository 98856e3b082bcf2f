namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>How a connection to one kind of file is set up.</summary>
/// <param name="PageBytes">Page size of a new file.</param>
/// <param name="CacheKiB">Page cache of the connection.</param>
/// <param name="WalBytes">Write-ahead log at which its pages are moved into the file.</param>
/// <param name="Durability">What a commit survives.</param>
/// <param name="PagesMax">Bound of the file for tests, 0 for none.</param>
internal sealed record SqliteFileProfile(int PageBytes, int CacheKiB, long WalBytes, SqliteDurability Durability, int PagesMax);

using System.Globalization;
using FeatureActors.Abstractions.Errors;
using SQLitePCL;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>One connection to one file with its prepared statements. One caller at a time; see <see cref="SqliteLane"/>.</summary>
internal sealed class SqliteDatabase : IDisposable
{
    // Nobody but us writes the files; a waiting lock means a person with the sqlite3 shell, who gets a moment.
    private const int BusyTimeoutMs = 2_000;

    private readonly Dictionary<string, SqliteStatement> _statements = [];
    private readonly sqlite3 _handle;

    static SqliteDatabase() => Batteries_V2.Init();

    private SqliteDatabase(sqlite3 handle, string path)
    {
        _handle = handle;
        Path = path;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Rows changed by the last INSERT, UPDATE or DELETE.</summary>
    public int Changes => raw.sqlite3_changes(_handle);

    /// <summary>Opens a file for writing, creates it when it is missing and brings its schema up to date.</summary>
    /// <exception cref="UnknownSchemaException">A newer release wrote the file.</exception>
    public static SqliteDatabase OpenWriter(string path, SqliteFileProfile profile, IReadOnlyList<string> schema)
    {
        var database = Open(path, profile);
        try
        {
            if (profile.PagesMax > 0)
            {
                database.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {profile.PagesMax}"));
            }

            database.Migrate(schema);
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>Opens a second connection for reading beside the writer's; the file exists.</summary>
    public static SqliteDatabase OpenReader(string path, SqliteFileProfile profile)
    {
        var database = Open(path, profile);
        try
        {
            database.Execute("PRAGMA query_only = 1");
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    /// <summary>A statement prepared once and kept, reset and without bindings of the run before.</summary>
    public SqliteStatement Statement(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            Check(raw.sqlite3_prepare_v3(_handle, sql, raw.SQLITE_PREPARE_PERSISTENT, out var handle));
            statement = new SqliteStatement(this, handle);
            _statements.Add(sql, statement);
        }

        statement.Reset();
        return statement;
    }

    /// <summary>Runs statements without parameters or answer.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(_handle, sql));

    /// <summary>
    /// Runs <paramref name="work"/> in one transaction: committed when it answers true, else rolled back. After an exception
    /// nothing of it is visible to this process; one out of the commit itself leaves open what a restart will find.
    /// </summary>
    public void Write(Func<bool> work)
    {
        Execute("BEGIN IMMEDIATE");
        try
        {
            if (work())
            {
                ResetStatements();
                Execute("COMMIT");
            }
        }
        finally
        {
            // Some errors (disk full, I/O) have ended the transaction already.
            if (raw.sqlite3_get_autocommit(_handle) == 0)
            {
                ResetStatements();
                _ = raw.sqlite3_exec(_handle, "ROLLBACK");
            }
        }
    }

    /// <summary>Runs <paramref name="work"/> on one consistent picture of the file.</summary>
    public T Read<T>(Func<T> work)
    {
        Execute("BEGIN");
        try
        {
            return work();
        }
        finally
        {
            ResetStatements();
            _ = raw.sqlite3_exec(_handle, "COMMIT");
        }
    }

    /// <summary>Throws what an error code means to the caller.</summary>
    /// <exception cref="DependencyUnavailableException">Full, busy, read-only, no memory, an I/O error: it may work later.</exception>
    /// <exception cref="CorruptStoreException">The file is damaged.</exception>
    public void Check(int code)
    {
        if (code is raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE)
        {
            return;
        }

        var extended = raw.sqlite3_extended_errcode(_handle);
        throw Translate(Path, code, $"{raw.sqlite3_errmsg(_handle).utf8_to_string()}, code {extended}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Dispose();
        }

        _statements.Clear();
        _handle.Dispose();
    }

    private static SqliteDatabase Open(string path, SqliteFileProfile profile)
    {
        // The lanes keep each connection to one thread at a time, so SQLite's own mutexes would only cost.
        var flags = raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE | raw.SQLITE_OPEN_NOMUTEX;
        var code = raw.sqlite3_open_v2(path, out var handle, flags, null);
        if (code != raw.SQLITE_OK)
        {
            handle?.Dispose();
            throw Translate(path, code, raw.sqlite3_errstr(code).utf8_to_string());
        }

        var database = new SqliteDatabase(handle, path);
        try
        {
            raw.sqlite3_busy_timeout(handle, BusyTimeoutMs);
            var synchronous = profile.Durability == SqliteDurability.PowerLoss ? "FULL" : "NORMAL";
            database.Execute(string.Create(CultureInfo.InvariantCulture, $"""
                PRAGMA page_size = {profile.PageBytes};
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = {synchronous};
                PRAGMA cache_size = -{profile.CacheKiB};
                PRAGMA temp_store = MEMORY;
                PRAGMA wal_autocheckpoint = {Math.Max(1, profile.WalBytes / profile.PageBytes)};
                PRAGMA journal_size_limit = {2 * profile.WalBytes};
                """));
            return database;
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private static FeatureActorsException Translate(string path, int code, string detail) => (code & 0xff) switch
    {
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB or raw.SQLITE_FORMAT => new CorruptStoreException(path, detail),
        raw.SQLITE_FULL => Unavailable(path, $"the disk is full: {detail}"),
        raw.SQLITE_IOERR => Unavailable(path, $"the disk failed: {detail}"),
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => Unavailable(path, $"another program holds the file: {detail}"),
        raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_AUTH => Unavailable(path, $"the file may not be written: {detail}"),
        raw.SQLITE_CANTOPEN => Unavailable(path, $"the file cannot be opened: {detail}"),
        raw.SQLITE_NOMEM => Unavailable(path, $"out of memory: {detail}"),
        _ => throw new InvalidOperationException($"could not use {path}: {detail}"),
    };

    private static DependencyUnavailableException Unavailable(string path, string message) =>
        new($"SQLite file {path}", $"could not use the store: {message}");

    /// <summary>Schema version of the file; 0 for a file just created.</summary>
    /// <exception cref="UnknownSchemaException">A newer release wrote the file.</exception>
    public int ReadSchemaVersion(IReadOnlyList<string> schema)
    {
        var read = Statement("PRAGMA user_version");
        _ = read.Step();
        var stored = (int)read.Long(0);
        read.Reset();
        return stored <= schema.Count ? stored : throw new UnknownSchemaException(Path, stored, schema.Count);
    }

    private void Migrate(IReadOnlyList<string> schema)
    {
        for (var version = ReadSchemaVersion(schema); version < schema.Count; version++)
        {
            Write(() =>
            {
                Execute(schema[version]);
                Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {version + 1}"));
                return true;
            });
        }
    }

    private void ResetStatements()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Reset();
        }
    }
}

using SQLitePCL;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>A prepared statement. Parameters count from 1, columns from 0, as SQLite does. One caller at a time.</summary>
internal sealed class SqliteStatement(SqliteDatabase database, sqlite3_stmt handle) : IDisposable
{
    /// <summary>Ends the run before; parameters keep their values until bound again.</summary>
    public void Reset() => _ = raw.sqlite3_reset(handle); // Repeats the error of the step, which has been thrown already.

    /// <summary>Binds an integer.</summary>
    public SqliteStatement Bind(int parameter, long value)
    {
        database.Check(raw.sqlite3_bind_int64(handle, parameter, value));
        return this;
    }

    /// <summary>Binds text.</summary>
    public SqliteStatement Bind(int parameter, string value)
    {
        database.Check(raw.sqlite3_bind_text(handle, parameter, value));
        return this;
    }

    /// <summary>Binds bytes; copied by SQLite.</summary>
    public SqliteStatement Bind(int parameter, ReadOnlySpan<byte> value)
    {
        // A null pointer would bind NULL instead of no bytes.
        database.Check(value.IsEmpty
            ? raw.sqlite3_bind_zeroblob(handle, parameter, 0)
            : raw.sqlite3_bind_blob(handle, parameter, value));
        return this;
    }

    /// <summary>Goes to the next row; false at the end.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(handle);
        if (code is not (raw.SQLITE_ROW or raw.SQLITE_DONE))
        {
            database.Check(code);
        }

        return code == raw.SQLITE_ROW;
    }

    /// <summary>Runs to the end and resets.</summary>
    public void Run()
    {
        while (Step())
        {
        }

        Reset();
    }

    /// <summary>An integer column; 0 for NULL.</summary>
    public long Long(int column) => raw.sqlite3_column_int64(handle, column);

    /// <summary>A text column.</summary>
    public string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string() ?? "";

    /// <summary>A bytes column; valid until the next step or reset.</summary>
    public ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(handle, column);

    /// <inheritdoc/>
    public void Dispose() => handle.Dispose();
}

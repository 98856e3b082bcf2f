using System.IO.Compression;
using Npgsql;

namespace FeatureActors.Integration.Tests.Oracle;

/// <summary>A database of its own whose table <c>events</c> is the file.</summary>
internal sealed class OracleDatabase : IAsyncDisposable
{
    // Text is collated by bytes in every database of the test server; the SQL says so again where order counts.
    private const string Schema = """
        CREATE TABLE events (
            seq bigint, ts_ms bigint, user_id text, item_id text, category_id text, action text,
            value double precision, event_id text)
        """;

    private readonly NpgsqlDataSource _source;

    private OracleDatabase(NpgsqlDataSource source) => _source = source;

    /// <summary>Makes the database and copies the CSV text in; an empty field is NULL.</summary>
    internal static async Task<OracleDatabase> CreateAsync(string serverConnection, string name, TextReader csv)
    {
        await using (NpgsqlDataSource server = NpgsqlDataSource.Create(serverConnection))
        {
            await ExecuteAsync(server, $"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            await ExecuteAsync(server, $"CREATE DATABASE {name}");
        }

        var own = new NpgsqlConnectionStringBuilder(serverConnection) { Database = name, CommandTimeout = 600, Options = "-c work_mem=256MB -c jit=off" };
        var database = new OracleDatabase(NpgsqlDataSource.Create(own.ConnectionString));
        await database.ExecuteAsync(Schema);
        await database.CopyAsync(csv);
        return database;
    }

    internal static TextReader OpenGzip(string file) =>
        new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));

    internal Task ExecuteAsync(string sql) => ExecuteAsync(_source, sql);

    internal async Task<long> NumberAsync(string sql)
    {
        await using NpgsqlCommand command = _source.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Key and value, both JSON text, of every live key.</summary>
    internal async Task<List<(string Key, string Value)>> ValuesAsync(string sql)
    {
        await using NpgsqlCommand command = _source.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        List<(string, string)> values = [];
        while (await reader.ReadAsync())
        {
            values.Add((reader.GetString(0), await reader.IsDBNullAsync(1) ? "null" : reader.GetString(1)));
        }

        return values;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql)
    {
        await using NpgsqlCommand command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private async Task CopyAsync(TextReader csv)
    {
        await using NpgsqlConnection connection = await _source.OpenConnectionAsync();
        await using TextWriter copy = await connection.BeginTextImportAsync("COPY events FROM STDIN (FORMAT csv, HEADER true)");
        char[] buffer = new char[1 << 16];
        int count;
        while ((count = await csv.ReadBlockAsync(buffer)) > 0)
        {
            await copy.WriteAsync(buffer.AsMemory(0, count));
        }
    }
}

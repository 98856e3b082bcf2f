using System.Net.Sockets;
using FeatureActors.Abstractions.Errors;
using Npgsql;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary>
/// Connections to one schema of one server, and what its failures look like. A pooled connection keeps its temporary tables, which
/// hold no state between calls; it has no other state.
/// </summary>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    private readonly NpgsqlDataSource _pool;
    private readonly NpgsqlDataSource _apart;

    public PostgresDatabase(PostgresStoreOptions options)
        : this(options, Settings(options))
    {
    }

    private PostgresDatabase(PostgresStoreOptions options, NpgsqlConnectionStringBuilder builder)
    {
        options.Validate();
        Options = options;
        Name = $"postgresql at {options.Host}:{options.Port}/{options.Database}";
        _pool = Source(builder, options);

        // Whoever holds up all pooled connections must not keep this node from ending him.
        builder.Pooling = false;
        _apart = Source(builder, options);
    }

    /// <summary>
    /// One connection, on which a table's name means a temporary one and nothing else: should the connection break, the next finds no
    /// table instead of the schema's.
    /// </summary>
    public static PostgresDatabase OfTemporaryTables(PostgresStoreOptions options)
    {
        NpgsqlConnectionStringBuilder builder = Settings(options);
        builder.SearchPath = "pg_temp";
        builder.MaxPoolSize = 1;
        return new PostgresDatabase(options, builder);
    }

    public PostgresStoreOptions Options { get; }

    /// <summary>What and where, for messages.</summary>
    public string Name { get; }

    /// <summary>A connection that does not come out of the pool.</summary>
    public ValueTask<NpgsqlConnection> OpenApartAsync(CancellationToken cancellationToken) => _apart.OpenConnectionAsync(cancellationToken);

    /// <summary>Runs work on a connection.</summary>
    /// <param name="what">Completes "could not …" in a message.</param>
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DependencyUnavailableException">The server does not answer or refuses.</exception>
    public async ValueTask<T> RunAsync<T>(string what, Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            using NpgsqlConnection connection = await _pool.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
            return await work(connection).ConfigureAwait(false);
        }
        catch (Exception error) when (IsOurs(error) && !cancellationToken.IsCancellationRequested)
        {
            throw Unavailable(what, error);
        }
    }

    /// <summary>Runs work in a transaction, which is rolled back when the work throws.</summary>
    public ValueTask<T> RunInTransactionAsync<T>(string what, Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken) => RunAsync(
        what,
        async connection =>
        {
            using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
            T answer = await work(connection).ConfigureAwait(false);
            await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
            return answer;
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync().ConfigureAwait(false);
        await _apart.DisposeAsync().ConfigureAwait(false);
    }

    private static bool IsOurs(Exception error) => error
        is NpgsqlException or TimeoutException or SocketException or IOException or UnauthorizedAccessException or ObjectDisposedException
        or OperationCanceledException;

    // The server's message names tables, users and databases, never data or passwords; the driver's names hosts.
    private DependencyUnavailableException Unavailable(string what, Exception error)
    {
        string detail = error is PostgresException server ? $"{server.SqlState} {server.MessageText}" : error.Message;
        string hint = error is PostgresException refusal
            ? refusal.SqlState switch
            {
                PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
                    "; check user and password, and what pg_hba.conf allows",
                PostgresErrorCodes.InvalidCatalogName => $"; create it: CREATE DATABASE \"{Options.Database}\"",
                PostgresErrorCodes.InsufficientPrivilege => $"; GRANT CREATE ON DATABASE \"{Options.Database}\" TO \"{Options.User}\", or create the schema for that user",
                PostgresErrorCodes.TooManyConnections => "; raise the server's max_connections or lower the connections of each node",
                _ => "",
            }
            : error.InnerException is SocketException or TimeoutException ? "; check host and port, and that the server runs" : "";
        return new DependencyUnavailableException(Name, $"could not {what}: {detail}{hint}", error);
    }

    private static NpgsqlConnectionStringBuilder Settings(PostgresStoreOptions options) => new()
    {
        Host = options.Host,
        Port = options.Port,
        Database = options.Database,
        Username = options.User,
        SslMode = options.Tls ? SslMode.VerifyFull : SslMode.Disable,
        RootCertificate = options.CaFile,
        SearchPath = $"\"{options.Schema}\"",
        MaxPoolSize = options.ConnectionsMax,
        Timeout = (int)options.ConnectTimeout.TotalSeconds,
        CommandTimeout = (int)options.CommandTimeout.TotalSeconds,
        TcpKeepAlive = true,
        NoResetOnClose = true,
        ApplicationName = options.ApplicationName,

        // A server may be set to answer before it wrote; the log below a checkpoint is trimmed once it is committed.
        Options = "-c synchronous_commit=on",
    };

    private static NpgsqlDataSource Source(NpgsqlConnectionStringBuilder settings, PostgresStoreOptions options)
    {
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        if (options.PasswordFile is { } file)
        {
            builder.UsePasswordProvider(
                _ => File.ReadAllText(file).TrimEnd('\r', '\n'),
                async (_, cancellationToken) => (await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false)).TrimEnd('\r', '\n'));
        }
        else if (options.Password is { } password)
        {
            builder.UsePasswordProvider(_ => password, (_, _) => ValueTask.FromResult(password));
        }

        return builder.Build();
    }
}

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary>Where the stores of <see cref="PostgresStores"/> are and how they are used.</summary>
public sealed class PostgresStoreOptions
{
    /// <summary>Name or address of the server. Default localhost.</summary>
    public string Host { get; init; } = "localhost";

    /// <summary>Its port, 1 to 65,535. Default 5432.</summary>
    public int Port { get; init; } = 5432;

    /// <summary>Database; it exists already.</summary>
    public required string Database { get; init; }

    /// <summary>User, who may create tables in <see cref="Schema"/>, and the schema itself unless it exists.</summary>
    public required string User { get; init; }

    /// <summary>Password; null for none, or when <see cref="PasswordFile"/> holds it. Never logged.</summary>
    public string? Password { get; init; }

    /// <summary>File whose text, without the last line break, is the password; read again for each connection, so it may be exchanged.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>True: encrypted, and the server's certificate and name are checked.</summary>
    public bool Tls { get; init; }

    /// <summary>File with the certificates that may have signed the server's, PEM; null for those that the system trusts.</summary>
    public string? CaFile { get; init; }

    /// <summary>Schema that holds the namespace's tables; made when missing. At most 63 letters, digits, <c>_</c> and <c>-</c>.</summary>
    public required string Schema { get; init; }

    /// <summary>Name under which the server sees the connections. Default feature-actors.</summary>
    public string ApplicationName { get; init; } = "feature-actors";

    /// <summary>Most connections of this node, at least 2. Default 20. Lower spares the server; calls wait for one another then.</summary>
    public int ConnectionsMax { get; init; } = 20;

    /// <summary>Longest wait for a connection, at least 1 s. Default 10 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Longest wait for one statement; at least 1 s. Default 30 s. Lower notices a hanging database sooner; too low gives up
    /// checkpoints that would have succeeded, which is safe and costs their work again.
    /// </summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a take-over waits for a lock of the former owner before it ends that owner's backend; at least 100 ms. Default 2 s.
    /// A client that froze inside a commit holds its locks for ever: neither statement nor idle time-outs catch it.
    /// </summary>
    public TimeSpan TakeOverPatience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Most dead letters kept; the oldest give way. Default 100,000, at least 1.</summary>
    public int DeadLettersMax { get; init; } = 100_000;

    /// <summary>Most bytes of dead letters kept (events and error texts); the oldest give way. Default 256 MiB.</summary>
    public long DeadLetterBytesMax { get; init; } = 256L * 1024 * 1024;

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrEmpty(Host);
        ArgumentException.ThrowIfNullOrEmpty(Database);
        ArgumentException.ThrowIfNullOrEmpty(User);
        ArgumentOutOfRangeException.ThrowIfLessThan(Port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Port, 65_535);
        ArgumentOutOfRangeException.ThrowIfLessThan(ConnectionsMax, 2);
        ArgumentOutOfRangeException.ThrowIfLessThan(ConnectTimeout, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(CommandTimeout, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfLessThan(TakeOverPatience, TimeSpan.FromMilliseconds(100));
        ArgumentOutOfRangeException.ThrowIfLessThan(DeadLettersMax, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(DeadLetterBytesMax, 1);
        if (Schema.Length is 0 or > 63 || !Schema.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
        {
            throw new ArgumentException(
                $"the schema '{Schema}' must have at most 63 characters: letters, digits, _ and -", nameof(Schema));
        }
    }
}

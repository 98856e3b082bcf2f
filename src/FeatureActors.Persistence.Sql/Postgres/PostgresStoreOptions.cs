namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary>Settings of <see cref="PostgresCheckpointStore"/>.</summary>
public sealed class PostgresStoreOptions
{
    /// <summary>Connection string of Npgsql, with the password or without (<c>.pgpass</c>, <c>Passfile</c>).</summary>
    public required string ConnectionString { get; init; }

    /// <summary>Schema that holds the namespace's tables; made when missing. Letters, digits and underscores.</summary>
    public required string Schema { get; init; }

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
}

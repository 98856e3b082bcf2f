namespace FeatureActors.Redis;

/// <summary>Settings of <see cref="RedisFeatureSink"/>.</summary>
public sealed class RedisSinkOptions
{
    /// <summary>Server as <c>host:port</c>, further options of StackExchange.Redis behind commas. Default <c>localhost:6379</c>.</summary>
    public string ConnectionString { get; init; } = "localhost:6379";

    /// <summary>Password; wins over <see cref="PasswordFile"/> and <see cref="PasswordEnvironment"/>. Default none.</summary>
    public string? Password { get; init; }

    /// <summary>File whose text, without the last line break, is the password. Wins over <see cref="PasswordEnvironment"/>. Default none.</summary>
    public string? PasswordFile { get; init; }

    /// <summary>Environment variable that holds the password. Default none.</summary>
    public string? PasswordEnvironment { get; init; }

    /// <summary>Number of the logical database. Default 0.</summary>
    public int Database { get; init; }

    /// <summary>Encrypts the connection and checks the server's certificate. Default false.</summary>
    public bool Tls { get; init; }

    /// <summary>Longest wait for a connection; above 0. Default 5 s.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Longest wait for an answer; above 0. Default 2 s. Lower finds a dead server sooner; too low repeats batches that a busy
    /// server still carries out, which is safe but costs it work.
    /// </summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How hashes travel. Default <see cref="RedisHashForm.Auto"/>.</summary>
    public RedisHashForm HashForm { get; init; } = RedisHashForm.Auto;

    /// <summary>
    /// For tests: refuses a key whose <c>_v</c> would fall and counts it under <c>fa:&lt;namespace&gt;:_falls</c>. Costs a read per
    /// written key. Default false: the fence alone keeps versions from falling.
    /// </summary>
    public bool VerifyVersions { get; init; }
}

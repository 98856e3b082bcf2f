namespace FeatureActors.Client;

/// <summary>Settings of <see cref="FeatureClient"/>.</summary>
public sealed class FeatureClientOptions
{
    /// <summary>Namespace of the definitions, as in <c>namespace = shop</c>.</summary>
    public required string Namespace { get; init; }

    /// <summary>Server as <c>host:port</c>, further options of StackExchange.Redis behind commas. Default <c>localhost:6379</c>.</summary>
    public string ConnectionString { get; init; } = "localhost:6379";

    /// <summary>Password; wins over <see cref="PasswordFile"/> and <see cref="PasswordEnvironment"/>. Without any, one inside <see cref="ConnectionString"/> holds.</summary>
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

    /// <summary>Longest wait for the answer to one read; above 0. Default 1 s. Lower sheds load sooner when Redis is slow.</summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Clock for <see cref="FeatureRow.Age"/> and time-outs. Default the system's.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}

using System.Net;

namespace FeatureActors.Node.Options;

/// <summary>Health, metrics and reads over HTTP; <c>fa.http</c>.</summary>
internal sealed record HttpSection
{
    public bool Enabled { get; init; }

    public string Host { get; init; } = "127.0.0.1";

    public int Port { get; init; } = 8080;

    public string? Advertise { get; init; }

    public string? Token { get; init; }

    public string? TokenFile { get; init; }

    public string? CertificateFile { get; init; }

    public string? KeyFile { get; init; }

    public TimeSpan ForwardTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The address that a host's text means.</summary>
    /// <exception cref="FormatException">It is none; the binder refuses that.</exception>
    public static IPAddress AddressOf(string host) => host == "localhost" ? IPAddress.Loopback : IPAddress.Parse(host);

    /// <summary>The token, from the option or its file; null for none.</summary>
    public string? ReadToken() => Token ?? (TokenFile is null ? null : File.ReadAllText(TokenFile).Trim());

    // A record would print its token.
    public override string ToString() => $"{Host}:{Port}";
}

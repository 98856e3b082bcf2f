using System.Security.Cryptography;
using System.Text;
using FeatureActors.Node.Options;
using Microsoft.Extensions.Primitives;

namespace FeatureActors.Node.Http;

/// <summary>The bearer token that callers show. Compared in a time that tells nothing of it; never printed.</summary>
internal sealed class AccessToken
{
    private const string Scheme = "Bearer ";

    private readonly string? _token;
    private readonly byte[] _hash;

    private AccessToken(string? token)
    {
        _token = token;
        _hash = SHA256.HashData(Encoding.UTF8.GetBytes(token ?? ""));
    }

    /// <summary>What to send to another node of the cluster; null where no token is asked for.</summary>
    public string? Header => _token is null ? null : Scheme + _token;

    /// <summary>The token that the options state, or read from the file they name.</summary>
    public static AccessToken Of(HttpSection options) => new(options.ReadToken());

    /// <summary>True when the header shows the token, or none is asked for.</summary>
    public bool Allows(StringValues header)
    {
        if (_token is null)
        {
            return true;
        }

        string shown = header.Count == 1 ? header.ToString() : "";
        return shown.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(shown[Scheme.Length..].Trim())), _hash);
    }

    /// <inheritdoc/>
    public override string ToString() => _token is null ? "no token" : "a token";
}

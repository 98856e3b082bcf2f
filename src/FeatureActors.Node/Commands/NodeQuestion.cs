using System.Globalization;
using System.Net;
using System.Text.Json;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Node.Http;
using FeatureActors.Node.Options;

namespace FeatureActors.Node.Commands;

/// <summary>Asks a running node over HTTP for a command.</summary>
internal static class NodeQuestion
{
    // Beyond what the node itself waits for another: a node that is busy, or that just started, answers a person late.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>The body of the node's answer.</summary>
    /// <param name="options">Port, token and deadline.</param>
    /// <param name="address">The node's <c>host:port</c>; null for the one that the options describe, on this machine.</param>
    /// <param name="target">Path and query.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UsageException">The configuration does not answer HTTP, or the node refuses the question.</exception>
    /// <exception cref="DependencyUnavailableException">The node does not answer.</exception>
    public static async Task<byte[]> AskAsync(HttpSection options, string? address, string target, CancellationToken cancellationToken)
    {
        if (address is null && (!options.Enabled || options.Port == 0))
        {
            throw new UsageException("the node of this configuration answers no HTTP on a fixed port: write fa.http { enabled = true, port = 8080 }, or state --node host:port");
        }

        string asked = address ?? options.Advertise ?? AddressOf(options);
        using var peers = new PeerClient(options, AccessToken.Of(options), options.ForwardTimeout + Patience);
        (PeerAnswer? answer, string? trouble) = await peers.GetAsync(asked, target, null, cancellationToken).ConfigureAwait(false);
        return answer switch
        {
            null => throw new DependencyUnavailableException($"node at {asked}", $"the node at {asked} does not answer: {trouble}; is it running? --node host:port names another"),
            { Status: 200 } => answer.Body,
            { Status: 401 } => throw new UsageException($"the node at {asked} wants another token: state the configuration whose fa.http.token the cluster has"),
            { Status: 503 or 504 } => throw new DependencyUnavailableException($"node at {asked}", $"the node at {asked} cannot answer now: {ErrorOf(answer)}"),
            _ => throw new UsageException($"the node at {asked} refuses: {ErrorOf(answer)}"),
        };
    }

    private static string AddressOf(HttpSection options)
    {
        IPAddress host = HttpSection.AddressOf(options.Host);
        string name = host.Equals(IPAddress.Any) || host.Equals(IPAddress.IPv6Any) ? "127.0.0.1" : options.Host;
        return string.Create(CultureInfo.InvariantCulture, $"{(name.Contains(':', StringComparison.Ordinal) ? $"[{name}]" : name)}:{options.Port}");
    }

    private static string ErrorOf(PeerAnswer answer)
    {
        try
        {
            using var json = JsonDocument.Parse(answer.Body);
            return json.RootElement.GetProperty("error").GetString() ?? "";
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return string.Create(CultureInfo.InvariantCulture, $"status {answer.Status}");
        }
    }
}

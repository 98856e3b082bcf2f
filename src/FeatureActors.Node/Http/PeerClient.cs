using FeatureActors.Node.Options;

namespace FeatureActors.Node.Http;

/// <summary>What another node answered.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">Its body.</param>
internal sealed record PeerAnswer(int Status, byte[] Body);

/// <summary>Asks other nodes of the cluster, with this cluster's token and a deadline.</summary>
internal sealed class PeerClient : IDisposable
{
    /// <summary>Says that a question was forwarded already; it is answered or refused, never forwarded again.</summary>
    public const string ForwardedHeader = "X-Fa-Forwarded-By";

    private const int AnswerBytesMax = 64 * 1024 * 1024;

    private readonly HttpClient _client;
    private readonly string _scheme;

    /// <param name="options">Whether nodes speak HTTPS.</param>
    /// <param name="token">The cluster's.</param>
    /// <param name="timeout">How long to wait for a connection, and for an answer.</param>
    public PeerClient(HttpSection options, AccessToken token, TimeSpan timeout)
    {
        _scheme = options.CertificateFile is null ? "http" : "https";
        _client = new HttpClient(new SocketsHttpHandler { ConnectTimeout = timeout, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30) })
        {
            Timeout = timeout,
            MaxResponseContentBufferSize = AnswerBytesMax,
        };
        if (token.Header is { } header)
        {
            _client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);
        }
    }

    /// <summary>Asks a node; null with the reason when it does not answer in time.</summary>
    /// <param name="address">Its <c>host:port</c>.</param>
    /// <param name="target">Path and query, percent-encoded.</param>
    /// <param name="node">This node's name when it forwards a question; null for one who asks for itself.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<(PeerAnswer? Answer, string? Error)> GetAsync(string address, string target, string? node, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{_scheme}://{address}{target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
            if (node is not null)
            {
                request.Headers.TryAddWithoutValidation(ForwardedHeader, node);
            }

            using HttpResponseMessage response = await _client.SendAsync(request, cancellationToken).ConfigureAwait(false);
            return (new PeerAnswer((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false)), null);
        }
        catch (Exception error) when (error is HttpRequestException or UriFormatException || (error is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return (null, error is OperationCanceledException ? $"no answer within {_client.Timeout.TotalSeconds:0.###} s" : error.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}

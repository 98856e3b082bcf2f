using System.Net;
using System.Net.Http.Headers;
using FeatureActors.Node.Http;
using FeatureActors.Node.Logging;
using FeatureActors.Node.Options;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Deployment.Tests;

/// <summary>Paths that a node really answers, asked of its own HTTP server.</summary>
public sealed class ServedPaths : IAsyncLifetime
{
    private const string Token = "0123456789abcdef0123456789abcdef";

    private static readonly string[] Candidates = ["/healthz/live", "/healthz/ready", "/healthz", "/metrics", "/v1/shards", "/ready", "/live", "/"];

    /// <summary>Those of them that are answered.</summary>
    internal IReadOnlySet<string> Paths { get; private set; } = new HashSet<string>();

    /// <summary>What the node wrote meanwhile.</summary>
    internal string Log { get; private set; } = "";

    public async Task InitializeAsync()
    {
        using var log = new StringWriter();
        using var loggers = new ConsoleLoggers(log, LogLevel.Debug, TimeProvider.System);
        var options = new HttpSection { Enabled = true, Port = 0, Token = Token };
        NodeHttpServer server = await NodeHttpServer.StartAsync(options, "node", TimeProvider.System, loggers, CancellationToken.None);
        await using (server)
        {
            using var client = new HttpClient();
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
            var paths = new HashSet<string>(StringComparer.Ordinal);
            foreach (string path in Candidates)
            {
                using HttpResponseMessage answer = await client.GetAsync(new Uri($"http://{server.Address}{path}"));
                if (answer.StatusCode != HttpStatusCode.NotFound)
                {
                    paths.Add(path);
                }
            }

            Paths = paths;
            Log = log.ToString();
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;
}

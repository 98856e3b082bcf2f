using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using FeatureActors.Core.Definitions;
using FeatureActors.Node.Options;
using FeatureActors.Runtime.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Node.Http;

/// <summary>
/// What a node answers over HTTP: health, metrics, shards and entities. It listens before the node is put together, so that a start
/// that waits for something can be told from one that hangs; until <see cref="Attach"/> it is alive and not ready.
/// </summary>
internal sealed class NodeHttpServer : IAsyncDisposable
{
    private const int LineBytesMax = 16 * 1024;
    private const int ConnectionsMax = 256;
    private static readonly TimeSpan HeaderTimeout = TimeSpan.FromSeconds(10);

    private readonly WebApplication _app;
    private readonly HttpSection _options;
    private readonly NodeHealth _health;
    private readonly EntityReads _reads;
    private readonly ShardList _shards;
    private readonly TimeProvider _time;
    private DefinitionsModel _model = null!;
    private NodeRuntime? _runtime;

    private NodeHttpServer(WebApplication app, HttpSection options, string node, AccessToken token, TimeProvider time, ILogger logger)
    {
        _app = app;
        _options = options;
        _time = time;
        _health = new NodeHealth(time);
        Peers = new PeerClient(options, token, options.ForwardTimeout);
        _reads = new EntityReads(node, Peers, logger);
        _shards = new ShardList(node, Peers, time);
    }

    /// <summary>Where other nodes reach this one, <c>host:port</c>.</summary>
    public string Address { get; private set; } = "";

    private PeerClient Peers { get; }

    /// <summary>Starts to listen.</summary>
    /// <exception cref="IOException">The address is in use or not this machine's.</exception>
    public static async Task<NodeHttpServer> StartAsync(
        HttpSection options, string node, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        AccessToken token = AccessToken.Of(options);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddRoutingCore();

        // Signals are the node's: what it answers while it drains is of use.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        X509Certificate2? certificate = options.CertificateFile is { } file ? X509Certificate2.CreateFromPemFile(file, options.KeyFile) : null;
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Limit(kestrel, options, certificate));
        if (certificate is not null)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }

        WebApplication app = builder.Build();
        ILogger logger = loggers.CreateLogger("FeatureActors.Node.Http");
        var server = new NodeHttpServer(app, options, node, token, time, logger);
        app.Use((context, next) => GuardAsync(context, next, token));
        server.Map();
        await app.StartAsync(cancellationToken).ConfigureAwait(false);
        int port = new Uri(app.Urls.First()).Port;
        Log.Listens(logger, app.Urls.First());
        server.Address = options.Advertise ?? string.Create(CultureInfo.InvariantCulture, $"{AdvertisedHost(options.Host)}:{port}");
        return server;
    }

    /// <summary>From here on questions go to the node.</summary>
    public void Attach(NodeRuntime runtime, DefinitionsModel model)
    {
        _model = model;
        _health.Attach(runtime);
        Volatile.Write(ref _runtime, runtime);
    }

    /// <summary>Says that the node ends: not ready any more.</summary>
    public void Drain() => _health.Drain();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync().ConfigureAwait(false);
        Peers.Dispose();
    }

    private static void Limit(KestrelServerOptions kestrel, HttpSection options, X509Certificate2? certificate)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = 0;
        kestrel.Limits.MaxRequestLineSize = LineBytesMax;
        kestrel.Limits.MaxRequestHeadersTotalSize = LineBytesMax;
        kestrel.Limits.MaxConcurrentConnections = ConnectionsMax;
        kestrel.Limits.RequestHeadersTimeout = HeaderTimeout;
        IPAddress address = HttpSection.AddressOf(options.Host);
        kestrel.Listen(address, options.Port, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        });
    }

    private static string AdvertisedHost(string host) => HttpSection.AddressOf(host).Equals(IPAddress.Any) || HttpSection.AddressOf(host).Equals(IPAddress.IPv6Any)
        ? Dns.GetHostName()
        : host;

    // Probes say nothing about data and cannot carry a secret; all else needs the token.
    private static Task GuardAsync(HttpContext context, RequestDelegate next, AccessToken token)
    {
        if (context.Request.Path.StartsWithSegments("/healthz", StringComparison.Ordinal) || token.Allows(context.Request.Headers.Authorization))
        {
            return next(context);
        }

        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return context.Response.WriteAsync("a bearer token is needed: Authorization: Bearer <fa.http.token>\n");
    }

    private void Map()
    {
        _app.MapGet("/healthz/live", context => _health.AnswerLiveAsync(context));
        _app.MapGet("/healthz/ready", context => _health.AnswerReadyAsync(context));
        _app.MapGet("/metrics", async context =>
        {
            NodeRuntime? runtime = await RefreshedAsync(context.RequestAborted).ConfigureAwait(false);
            await Metrics.MetricsText.AnswerAsync(context, runtime?.Status, _time.GetUtcNow().ToUnixTimeMilliseconds()).ConfigureAwait(false);
        });
        _app.MapGet("/v1/shards", async context =>
        {
            if (await RefreshedAsync(context.RequestAborted).ConfigureAwait(false) is { } runtime)
            {
                await _shards.AnswerAsync(context, runtime).ConfigureAwait(false);
            }
            else
            {
                await NotReadyAsync(context).ConfigureAwait(false);
            }
        });
        _app.MapGet("/v1/entities/{entity}/{**key}", context =>
            Volatile.Read(ref _runtime) is { } runtime ? _reads.AnswerAsync(context, runtime, _model) : NotReadyAsync(context));
    }

    private static Task NotReadyAsync(HttpContext context) =>
        HttpAnswers.RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "the node is starting: ask again in a second");

    // A scrape must not wait for a log that is away.
    private async Task<NodeRuntime?> RefreshedAsync(CancellationToken cancellationToken)
    {
        NodeRuntime? runtime = Volatile.Read(ref _runtime);
        if (runtime is not null)
        {
            using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(_options.ForwardTimeout);
            await runtime.RefreshLagAsync(deadline.Token).ConfigureAwait(false);
        }

        return runtime;
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Hocon;
using FeatureActors.Node.Http;
using FeatureActors.Node.Options;
using FeatureActors.Runtime.Hosting;
using FeatureActors.Runtime.Ownership;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Ports;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Node.Tests.Http;

/// <summary>A node over ports in memory that answers HTTP on a free port. Several may share a cluster's ports.</summary>
internal sealed class HttpNode : IAsyncDisposable
{
    public const string Token = "0123456789abcdef0123456789abcdef";

    public const string Definitions =
        """
        namespace = shop
        sources.clicks { format = json, event-time { field = ts, unit = ms }, fields { user = string, item = long, ts = long } }
        entities.user { key = [string], shards = 4 }
        entities.pair { key = [string, long], shards = 2 }
        groups.activity {
          entity = user, source = clicks, key = user
          features {
            clicks { type = count, windows = [1h, 1d] }
            last_item { type = latest, of = item }
          }
        }
        groups.pairs {
          entity = pair, source = clicks, key = [user, item]
          features { clicks { type = count, windows = [1h] } }
        }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _stop = new();
    private readonly NodeRuntime _runtime;
    private readonly HttpClient _client;
    private readonly Task _running;

    private HttpNode(NodeHttpServer server, Cluster cluster, string name, bool isShard, TimeSpan passivateAfter)
    {
        Server = server;
        DefinitionsModel model = DefinitionsBinder.Bind(HoconParser.ParseText(Definitions, "d.conf"), new FeatureTypeRegistry(BuiltInFeatureTypes.All));
        DefinitionsPlan plan = PlanCompiler.Compile(model, DefinitionsCatalog.Assign(model, null, 0).Snapshot);
        var ports = new NodePorts
        {
            Checkpoints = cluster.Checkpoints,
            Log = cluster.Log,
            Sink = cluster.Sink,
            Positions = cluster.Positions,
            DeadLetters = new InMemoryDeadLetterStore(),
            Ownership = new StaticOwnership(),
            Sources = new Dictionary<string, IEventSource> { ["clicks"] = cluster.Source },
        };
        var options = new NodeRuntimeOptions
        {
            NodeName = name,
            Address = server.Address,
            IsShard = isShard,
            IsIngest = isShard,
            StopBudget = TimeSpan.FromSeconds(2),
            Shard = new ShardOptions { CheckpointInterval = TimeSpan.FromMilliseconds(100), PassivateAfter = passivateAfter },
        };
        _runtime = new NodeRuntime(ports, options, plan.Entities, plan.Sources, TimeProvider.System, NullLoggerFactory.Instance);
        server.Attach(_runtime, model);
        _running = Task.Run(() => _runtime.RunAsync(_stop.Token));
        _client = new HttpClient { BaseAddress = new Uri($"http://{server.Address}"), Timeout = Patience };
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token);
    }

    public NodeHttpServer Server { get; }

    public NodeStatus Status => _runtime.Status;

    public static HttpSection Options => new() { Enabled = true, Port = 0, Token = Token, ForwardTimeout = TimeSpan.FromSeconds(5) };

    public static async Task<HttpNode> StartAsync(Cluster cluster, string name, bool isShard = true, TimeSpan? passivateAfter = null)
    {
        NodeHttpServer server = await NodeHttpServer.StartAsync(Options, name, TimeProvider.System, NullLoggerFactory.Instance, default);
        return new HttpNode(server, cluster, name, isShard, passivateAfter ?? TimeSpan.FromMinutes(10));
    }

    public async Task<(int Status, string Body)> GetAsync(string target, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Get, new Uri(_client.BaseAddress + target.TrimStart('/'), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));
        change?.Invoke(request);
        using HttpResponseMessage response = await _client.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<JsonNode> GetJsonAsync(string target)
    {
        (int status, string body) = await GetAsync(target);
        Assert.True(status == 200, $"{target}: {status} {body}");
        return JsonNode.Parse(body)!;
    }

    public Task UntilAsync(Func<Task<bool>> condition, string what) => Eventually.HoldsAsync(condition, what, _running);

    public Task UntilReadyAsync() => UntilAsync(
        async () => _runtime.Status.Shards.Count == 6 && (await GetAsync("/healthz/ready")).Status == 200, "ready");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Server.DisposeAsync();
        await _runtime.DisposeAsync();
        _client.Dispose();
        _stop.Dispose();
    }
}

/// <summary>What nodes share.</summary>
internal sealed class Cluster
{
    public InMemoryCheckpointStore Checkpoints { get; } = new(TimeProvider.System);

    public InMemoryShardLog Log { get; } = new();

    public InMemoryFeatureSink Sink { get; } = new(TimeProvider.System);

    public InMemorySourcePositions Positions { get; } = new();

    public InMemoryEventSource Source { get; } = new("clicks", 1);

    public void Send(string user, long item)
    {
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        Source.Append(0, Encoding.UTF8.GetBytes(new JsonObject { ["ts"] = now, ["user"] = user, ["item"] = item }.ToJsonString()));
    }
}

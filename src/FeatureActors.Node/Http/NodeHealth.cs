using System.Globalization;
using System.Text;
using FeatureActors.Runtime.Hosting;
using FeatureActors.Runtime.Shards;
using Microsoft.AspNetCore.Http;

namespace FeatureActors.Node.Http;

/// <summary>
/// Two questions of Kubernetes. Alive: the process answers, and neither its threads nor its clock stand still; a start that waits for a
/// dependency is alive. Ready: put together, not ending, and every shard it was given is caught up with what its former owner had
/// published. A shard that stands still for a reason that a restart does not change (a lost log, damaged state) does not make the node
/// unready: the other shards go on, and metrics and log say so.
/// </summary>
internal sealed class NodeHealth(TimeProvider time)
{
    // Ticks come every 20 ms; a machine that stops for longer than this has other troubles, and one that hangs is restarted.
    private static readonly TimeSpan StallMax = TimeSpan.FromSeconds(60);

    private NodeRuntime? _runtime;
    private bool _isDraining;

    /// <summary>The node is put together.</summary>
    public void Attach(NodeRuntime runtime) => Volatile.Write(ref _runtime, runtime);

    /// <summary>The node ends.</summary>
    public void Drain() => Volatile.Write(ref _isDraining, true);

    public Task AnswerLiveAsync(HttpContext context)
    {
        NodeRuntime? runtime = Volatile.Read(ref _runtime);
        TimeSpan? since = runtime?.LastTick is { } tick ? time.GetElapsedTime(tick) : null;
        return since > StallMax && !Volatile.Read(ref _isDraining)
            ? AnswerAsync(context, $"the node's clock stands still since {since.Value.TotalSeconds.ToString("F0", CultureInfo.InvariantCulture)} s")
            : AnswerAsync(context, null);
    }

    public Task AnswerReadyAsync(HttpContext context) => AnswerAsync(context, WhyNotReady());

    private string? WhyNotReady()
    {
        if (Volatile.Read(ref _isDraining))
        {
            return "ending";
        }

        if (Volatile.Read(ref _runtime) is not { } runtime)
        {
            return "starting";
        }

        string[] waiting = [.. runtime.Status.Shards
            .Where(static s => s.State is ShardState.Assigned or ShardState.Recovering or ShardState.ClockJumped && s.Halt is null)
            .Select(static s => $"{s.Shard} is {s.State}")];
        return waiting.Length == 0 ? null : string.Join(", ", waiting.Take(8)) + (waiting.Length > 8 ? ", …" : "");
    }

    private static Task AnswerAsync(HttpContext context, string? trouble)
    {
        context.Response.StatusCode = trouble is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes((trouble ?? "ok") + "\n"), context.RequestAborted).AsTask();
    }
}

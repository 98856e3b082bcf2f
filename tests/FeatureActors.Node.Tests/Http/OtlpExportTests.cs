using System.Text;
using FeatureActors.Node.Http.Metrics;
using FeatureActors.Node.Options;
using FeatureActors.Runtime.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace FeatureActors.Node.Tests.Http;

public sealed class OtlpExportTests
{
    [Fact]
    public async Task Metrics_reach_a_collector_with_the_headers_it_wants()
    {
        var received = new TaskCompletionSource<(string Authorization, string Body)>(TaskCreationOptions.RunContinuationsAsynchronously);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        await using WebApplication collector = builder.Build();
        collector.MapPost("/v1/metrics", async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            received.TrySetResult((context.Request.Headers["x-key"].ToString(), Encoding.Latin1.GetString(body.ToArray())));
        });
        await collector.StartAsync();
        using var fa = new Fa();
        var options = new OtlpSection
        {
            Endpoint = $"{collector.Urls.First()}/v1/metrics",
            Protocol = "http",
            Interval = TimeSpan.FromSeconds(1),
            HeadersFile = fa.Write("headers", "x-key=abc\n"),
        };
        var status = new NodeStatus([], [], new Dictionary<string, long> { ["late"] = 7 }, 0);

        using (new OtlpExport(options, "node-7", () => status, TimeProvider.System))
        {
            (string key, string body) = await received.Task.WaitAsync(TimeSpan.FromSeconds(30));
            Assert.Equal("abc", key);
            Assert.Contains("fa_dead_letters", body, StringComparison.Ordinal);
            Assert.Contains("node-7", body, StringComparison.Ordinal);
            Assert.Contains("process_resident_memory_bytes", body, StringComparison.Ordinal);
        }
    }
}

using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Kafka;
using FeatureActors.LocalServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Integration.Tests.Kafka;

[Collection(SharedServers.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaShardLogTests(KafkaFixture kafka)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly ShardId Shard = new("item", 1);

    [Fact]
    public async Task A_missing_log_on_a_broker_that_cannot_create_it_names_the_command()
    {
        await using var node = new KafkaNode(kafka.Server);
        await using var log = new KafkaShardLog(node.Connection, node.Namespace);

        var error = await Assert.ThrowsAsync<LogSetupException>(() => log.OpenAsync("item", 16, CancellationToken.None).AsTask());

        Assert.Contains($"kafka-topics.sh --create --zookeeper <zookeeper:2181> --topic fa.{node.Namespace}.item --partitions 16", error.Message);
        Assert.Contains("retention.ms=604800000", error.Message);
    }

    [Fact]
    public async Task An_unreachable_broker_is_named()
    {
        var options = new KafkaOptions
        {
            BootstrapServers = "127.0.0.1:1",
            Properties = KafkaServer.ClientSettings,
            RequestTimeout = TimeSpan.FromSeconds(1),
        };
        await using var connection = new KafkaConnection(options, TimeProvider.System, NullLogger<KafkaConnection>.Instance);
        await using var log = new KafkaShardLog(connection, "n");

        var error = await Assert.ThrowsAsync<DependencyUnavailableException>(
            () => log.OpenAsync("item", 1, CancellationToken.None).AsTask());

        Assert.Contains("127.0.0.1:1", error.Message);
    }

    [Fact]
    public async Task A_reader_behind_the_end_is_refused_and_says_where_the_log_ends()
    {
        await using var node = new KafkaNode(kafka.Server);
        await using var log = await OpenAsync(node);
        await AppendAsync(log, 0, 3);

        var error = await Assert.ThrowsAsync<DependencyUnavailableException>(
            () => log.ReadFromAsync(Shard, 4, CancellationToken.None).AsTask());

        Assert.Contains("ends at 3", error.Message);
    }

    [Fact]
    public async Task Appends_and_reads_go_on_behind_a_broker_restart_with_nothing_lost_and_in_order()
    {
        await using var server = await KafkaServer.StartAsync();
        await using var node = new KafkaNode(server);
        await using var log = await OpenAsync(node);
        await using var reader = await log.ReadFromAsync(Shard, 0, CancellationToken.None);
        var reading = ReadAsync(reader, "299");

        await AppendAsync(log, 0, 100);
        var appending = AppendAsync(log, 100, 300);
        await server.KillAsync(CancellationToken.None);
        await server.RestartAsync(CancellationToken.None);
        await appending.WaitAsync(Patience);

        // A batch whose acknowledgement the kill took is sent again, by the client or behind it; readers drop that by its origin.
        var texts = await reading.WaitAsync(Patience);
        List<string> once = [];
        foreach (var text in texts)
        {
            if (once.Count == 0 || once[^1] != text)
            {
                once.Add(text);
            }
        }

        Assert.Equal(Enumerable.Range(0, 300).Select(number => number.ToString(CultureInfo.InvariantCulture)), once);
    }

    [Fact]
    public async Task A_log_that_is_closed_fails_what_is_under_way_within_bounded_time()
    {
        await using var server = await KafkaServer.StartAsync();
        await using var node = new KafkaNode(server);
        var log = await OpenAsync(node);
        await AppendAsync(log, 0, 1);
        var reader = await log.ReadFromAsync(Shard, 1, CancellationToken.None);
        var reading = reader.ReadAsync(1024, CancellationToken.None).AsTask();
        await server.KillAsync(CancellationToken.None);
        var appending = log.AppendAsync(Shard, new byte[] { 1 }, CancellationToken.None).AsTask();

        await log.DisposeAsync().AsTask().WaitAsync(Patience);

        await Assert.ThrowsAsync<DependencyUnavailableException>(() => appending);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
        await reader.DisposeAsync();
    }

    private static async Task<KafkaShardLog> OpenAsync(KafkaNode node)
    {
        await node.CreateLogAsync("item", 2);
        var log = new KafkaShardLog(node.Connection, node.Namespace);
        await log.OpenAsync("item", 2, CancellationToken.None);
        return log;
    }

    private static async Task AppendAsync(KafkaShardLog log, int from, int to)
    {
        for (var number = from; number < to; number++)
        {
            await AppendAsync(log, Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
        }
    }

    /// <summary>As ingest does: a batch of unknown outcome is sent again before the next one.</summary>
    private static async Task AppendAsync(KafkaShardLog log, byte[] batch)
    {
        while (true)
        {
            try
            {
                await log.AppendAsync(Shard, batch, CancellationToken.None);
                return;
            }
            catch (DependencyUnavailableException)
            {
                // The client gave it up because it let go of the broker that was killed.
            }
        }
    }

    private static async Task<List<string>> ReadAsync(IShardLogReader reader, string last)
    {
        List<string> texts = [];
        while (texts.Count == 0 || texts[^1] != last)
        {
            texts.AddRange((await reader.ReadAsync(1024, CancellationToken.None))
                .Select(entry => Encoding.ASCII.GetString(entry.Batch.Span)));
        }

        return texts;
    }
}

using System.Security.Cryptography;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Kafka;
using FeatureActors.LocalServers;
using FeatureActors.TestKit.Contracts;

namespace FeatureActors.Integration.Tests.Kafka;

[Collection(SharedServers.Name)]
[Trait("Category", "Integration")]
public sealed class KafkaEventSourceTests(KafkaFixture kafka) : EventSourceContract, IAsyncLifetime
{
    private readonly KafkaNode _node = new(kafka.Server);
    private string _topic = "";

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _node.DisposeAsync();

    [Fact]
    public async Task An_event_of_ten_megabytes_arrives_between_small_ones()
    {
        await using var source = await NewSourceAsync(1);
        var large = RandomNumberGenerator.GetBytes(10_000_000);
        await WriteAsync(0, [[1], large, [2]]);
        await using var reader = await source.ReadFromAsync(0, 0, CancellationToken.None);
        using var patience = new CancellationTokenSource(Patience);
        var chunk = new EventChunk();
        List<byte[]> events = [];
        while (events.Count < 3)
        {
            await reader.ReadAsync(chunk, patience.Token);
            for (var index = 0; index < chunk.Count; index++)
            {
                events.Add(chunk.Bytes(index).ToArray());
            }
        }

        Assert.Equal([1], events[0]);
        Assert.True(large.AsSpan().SequenceEqual(events[1]), "the large event has other bytes");
        Assert.Equal([2], events[2]);
    }

    [Fact]
    public async Task A_slow_reader_keeps_a_bounded_number_of_bytes_and_does_not_hold_up_another_partition()
    {
        await using var source = await NewSourceAsync(2);
        var block = new byte[100_000];
        await WriteAsync(0, Enumerable.Repeat(block, 600).ToList());
        await WriteAsync(1, Numbered(0, 100));
        var before = Environment.WorkingSet;
        await using var slow = await source.ReadFromAsync(0, 0, CancellationToken.None);
        using var patience = new CancellationTokenSource(Patience);
        var chunk = new EventChunk();
        await slow.ReadAsync(chunk, patience.Token);
        var seen = chunk.Count;

        await using var quick = await source.ReadFromAsync(1, 0, CancellationToken.None);
        Assert.Equal(Expected(0, 100), await ReadAsync(quick, 100));
        Assert.InRange(Environment.WorkingSet - before, long.MinValue, 40_000_000); // 60 MB lie in the partition.

        while (seen < 600)
        {
            await slow.ReadAsync(chunk, patience.Token);
            seen += chunk.Count;
        }

        Assert.Equal(600, chunk.NextOffset);
    }

    [Fact]
    public async Task Reading_goes_on_behind_a_broker_restart_without_gap_or_repetition()
    {
        await using var server = await KafkaServer.StartAsync();
        await using var node = new KafkaNode(server);
        var topic = await node.NewTopicAsync(1);
        await using var source = new KafkaEventSource(node.Connection, node.Namespace, "s", topic);
        await node.WriteAsync(topic, 0, Numbered(0, 50));
        await using var reader = await source.ReadFromAsync(0, 0, CancellationToken.None);
        Assert.Equal(Expected(0, 50), await ReadAsync(reader, 50));

        await server.KillAsync(CancellationToken.None);
        var waiting = ReadAsync(reader, 50);
        await server.RestartAsync(CancellationToken.None);
        await node.WriteAsync(topic, 0, Numbered(50, 100));

        Assert.Equal(Expected(50, 100), await waiting);
    }

    [Fact]
    public async Task Events_that_retention_took_are_reported_and_reading_starts_behind_them()
    {
        var topic = await _node.NewTopicAsync(
            1, new Dictionary<string, string> { ["segment.bytes"] = "50000", ["retention.bytes"] = "20000" });
        await using var source = new KafkaEventSource(_node.Connection, _node.Namespace, "s", topic);
        var range = new LogRange(0, 0);
        using var patience = new CancellationTokenSource(Patience);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        while (range.Begin == 0)
        {
            await _node.WriteAsync(topic, 0, Enumerable.Repeat(new byte[1000], 10));
            range = await source.GetRangeAsync(0, patience.Token);
            await pause.WaitForNextTickAsync(patience.Token);
        }

        await using var reader = await source.ReadFromAsync(0, 0, CancellationToken.None);
        var chunk = new EventChunk();
        await reader.ReadAsync(chunk, patience.Token);

        Assert.Equal(0, chunk.SkippedFrom);
        Assert.True(chunk[0].Offset >= range.Begin, $"first event {chunk[0].Offset}, log begins at {range.Begin}");
    }

    protected override async Task<IEventSource> NewSourceAsync(int partitions)
    {
        _topic = await _node.NewTopicAsync(partitions);
        return new KafkaEventSource(_node.Connection, _node.Namespace, "s", _topic);
    }

    protected override Task WriteAsync(int partition, IReadOnlyList<byte[]> events) => _node.WriteAsync(_topic, partition, events);

    protected override async Task WriteEndAsync(long endMs)
    {
        await using var writer = new KafkaTopicWriter(_node.Connection, _topic);
        await writer.OpenAsync(CancellationToken.None);
        await writer.WriteEndAsync(endMs, CancellationToken.None);
    }
}

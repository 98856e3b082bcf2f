using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Hosting;
using FeatureActors.Runtime.Ownership;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Faults;
using FeatureActors.TestKit.Ports;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Runtime.Tests.Hosting;

public sealed class ShardErrandsTests : IDisposable
{
    private static readonly ShardId Shard = new("user", 0);

    private readonly InMemoryShardLog _log = new();
    private readonly InMemoryFeatureSink _sink = new(TimeProvider.System);
    private readonly SemaphoreSlim _gate = new(1);
    private int _rangesAsked;

    public void Dispose() => _gate.Dispose();

    [Fact]
    public async Task Behind_a_fence_that_names_a_position_in_the_log_its_end_is_not_asked_for_again()
    {
        await RaiseAsync(new Epoch(1));
        await _sink.WriteAsync(new PublishBatch(Shard, new Epoch(1), (1L << 32) + 1, new PublishPosition(2, 5), [], []), default);
        _rangesAsked = 0;

        ShardInput.FenceRaised raised = await RaiseAsync(new Epoch(2));

        Assert.Equal(1, _rangesAsked);
        Assert.Equal(3, raised.LogEnd);
        Assert.Equal(2, raised.Old!.Position.NextOffset);
    }

    [Fact]
    public async Task Behind_a_fence_that_names_a_position_the_known_log_does_not_reach_its_end_is_asked_for()
    {
        await RaiseAsync(new Epoch(1));
        await _sink.WriteAsync(new PublishBatch(Shard, new Epoch(1), (1L << 32) + 1, new PublishPosition(4, 5), [], []), default);
        _rangesAsked = 0;

        await RaiseAsync(new Epoch(2));

        Assert.Equal(2, _rangesAsked);
    }

    [Fact]
    public async Task Without_an_old_fence_the_end_of_the_log_is_asked_for()
    {
        ShardInput.FenceRaised raised = await RaiseAsync(new Epoch(1));

        Assert.Equal(2, _rangesAsked);
        Assert.Null(raised.Old);
    }

    /// <summary>Asks for the log's range, of three entries, as an acquire does; then raises the fence.</summary>
    private async Task<ShardInput.FenceRaised> RaiseAsync(Epoch epoch)
    {
        await _log.OpenAsync(Shard.Entity, 1, default);
        while ((await _log.GetRangeAsync(Shard, default)).End < 3)
        {
            await _log.AppendAsync(Shard, new byte[] { 1 }, default);
        }

        _rangesAsked = 0;
        _log.Fault = (operation, _) =>
        {
            _rangesAsked += operation == nameof(IShardLog.GetRangeAsync) ? 1 : 0;
            return PortFault.None;
        };
        var letters = new InMemoryDeadLetterStore();
        var ports = new NodePorts
        {
            Checkpoints = new InMemoryCheckpointStore(TimeProvider.System),
            Log = _log,
            Sink = _sink,
            Positions = new InMemorySourcePositions(),
            DeadLetters = letters,
            Ownership = new StaticOwnership(),
            Sources = new Dictionary<string, IEventSource>(),
        };
        var services = new ShardServices(
            ports, new NodeRuntimeOptions { NodeName = "n" }, new ChunkPool(), _gate,
            new DeadLetterWriter(letters, TimeProvider.System, NullLogger.Instance), TimeProvider.System, NullLogger.Instance);
        var calls = new DependencyCalls(TimeProvider.System, static _ => { });
        var tail = new ShardLogTail(Shard, _log, calls, TimeProvider.System, NullLogger.Instance);
        await tail.GetRangeAsync(default);
        var errands = new ShardErrands(Shard, services, calls, tail, new ShardCounters());
        ShardInput? answer = await errands.For(new ShardOutput.RaiseFence(epoch, epoch.Value << 32), default)();
        return Assert.IsType<ShardInput.FenceRaised>(answer);
    }
}

using System.Text;
using System.Text.Json;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.KindsPlugin;

/// <summary>A folder with a file for each key and each fence. A key's file has its expiry and its fields.</summary>
/// <param name="folder">The folder, made at the first write.</param>
/// <param name="prefix">Begin of every key.</param>
/// <param name="isMoody">Does what a file <c>mood</c> in the folder says: <c>throw</c> or <c>hang</c>.</param>
/// <param name="time">Judges expiry.</param>
internal sealed class Shelf(string folder, string prefix, bool isMoody, TimeProvider time) : IFeatureSink
{
    private static readonly Lock Door = new();

    public ValueTask<SinkFence?> RaiseFenceAsync(ShardId shard, Epoch epoch, long batch, CancellationToken cancellationToken) => Do(() =>
    {
        SinkFence? before = ReadFence(shard);
        if (before is null || before.Epoch <= epoch)
        {
            WriteFence(shard, new SinkFence(epoch, batch, before?.Position ?? SinkFence.NoPosition));
        }

        return before;
    });

    public ValueTask<SinkFence?> ReadFenceAsync(ShardId shard, CancellationToken cancellationToken) => Do(() => ReadFence(shard));

    public ValueTask<SinkKeys> ScanAsync(long cursor, CancellationToken cancellationToken) => Do(() => new SinkKeys(
        [.. Files().Select(static f => (ReadOnlyMemory<byte>)Convert.FromHexString(Path.GetFileNameWithoutExtension(f))).Where(k => Find(k) is not null)], 0));

    public ValueTask<SinkAnswer> WriteAsync(PublishBatch batch, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch.Items.Count, PublishBatch.ItemsMax, nameof(batch));
        return Do(() => Write(batch));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private ValueTask<T> Do<T>(Func<T> work)
    {
        FollowMood();
        lock (Door)
        {
            Directory.CreateDirectory(folder);
            return ValueTask.FromResult(work());
        }
    }

    private void FollowMood()
    {
        string mood = Path.Combine(folder, "mood");
        if (isMoody && File.Exists(mood))
        {
            Misdeeds.Obey(Encoding.UTF8.GetBytes(File.ReadAllText(mood) + "-sink"), "sink");
        }
    }

    private SinkAnswer Write(PublishBatch batch)
    {
        SinkOutcome outcome = Judge(ReadFence(batch.Shard), batch);
        List<int> missing = [];
        for (int i = 0; i < batch.Items.Count && outcome is SinkOutcome.Written or SinkOutcome.Done; i++)
        {
            PublishItem item = batch.Items[i];
            if (item.Kind == PublishKind.Refresh && Find(item.Key) is null)
            {
                missing.Add(i);
            }
            else if (outcome == SinkOutcome.Written)
            {
                Put(batch, item);
            }
        }

        if (outcome == SinkOutcome.Written)
        {
            WriteFence(batch.Shard, new SinkFence(batch.Epoch, batch.Batch, batch.Position));
        }

        return new SinkAnswer(outcome, missing);
    }

    private void Put(PublishBatch batch, PublishItem item)
    {
        switch (item.Kind)
        {
            case PublishKind.Delete:
                File.Delete(FileOf(item.Key));
                break;
            case PublishKind.Refresh:
                Save(item.Key, Find(item.Key)! with { ExpireAtMs = item.ExpireAtMs });
                break;
            default:
                Save(item.Key, new Value(item.ExpireAtMs, batch.Fields.Skip(item.FieldsStart).Take(item.FieldsCount).ToDictionary(
                    static f => Encoding.UTF8.GetString(f.Name.Span), static f => Encoding.UTF8.GetString(f.Value.Span), StringComparer.Ordinal)));
                break;
        }
    }

    private static SinkOutcome Judge(SinkFence? fence, PublishBatch batch) => fence switch
    {
        null => SinkOutcome.Lost,
        _ when fence.Epoch > batch.Epoch => SinkOutcome.Stale,
        _ when fence.Epoch == batch.Epoch && fence.Batch == batch.Batch => SinkOutcome.Done,
        _ when fence.Epoch == batch.Epoch && fence.Batch == batch.Batch - 1 => SinkOutcome.Written,
        _ => SinkOutcome.Lost,
    };

    private IEnumerable<string> Files() => Directory.EnumerateFiles(folder, Convert.ToHexString(Encoding.UTF8.GetBytes(prefix)) + "*.key");

    private string FileOf(ReadOnlyMemory<byte> key) => Path.Combine(folder, Convert.ToHexString(key.Span) + ".key");

    private Value? Find(ReadOnlyMemory<byte> key) =>
        File.Exists(FileOf(key)) && JsonSerializer.Deserialize<Value>(File.ReadAllText(FileOf(key))) is { } value
            && (value.ExpireAtMs == 0 || value.ExpireAtMs > time.GetUtcNow().ToUnixTimeMilliseconds())
            ? value
            : null;

    private void Save(ReadOnlyMemory<byte> key, Value value) => File.WriteAllText(FileOf(key), JsonSerializer.Serialize(value));

    private string FenceOf(ShardId shard) => Path.Combine(folder, $"{shard.Entity}-{shard.Partition}.fence");

    private SinkFence? ReadFence(ShardId shard)
    {
        if (!File.Exists(FenceOf(shard)))
        {
            return null;
        }

        long[] fence = JsonSerializer.Deserialize<long[]>(File.ReadAllText(FenceOf(shard)))!;
        return new SinkFence(new Epoch(fence[0]), fence[1], new PublishPosition(fence[2], fence[3]));
    }

    private void WriteFence(ShardId shard, SinkFence fence) => File.WriteAllText(
        FenceOf(shard), JsonSerializer.Serialize(new[] { fence.Epoch.Value, fence.Batch, fence.Position.NextOffset, fence.Position.ClockMs }));

    private sealed record Value(long ExpireAtMs, Dictionary<string, string> Fields);
}

using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Sharding;

namespace FeatureActors.TestKit.Ports;

/// <summary>
/// <see cref="IFeatureSink"/> in memory with exactly the fence of the Redis scripts, expiry by a given clock, injected faults,
/// and what a watcher wants to know: how often a version fell. Disposing it does nothing, so that it survives the crash of a
/// simulated node. Calls end before they return.
/// </summary>
/// <param name="time">Clock of the expiry.</param>
public sealed class InMemoryFeatureSink(TimeProvider time) : FaultyPort("feature sink in memory"), IFeatureSink
{
    private const int ScanPage = 10;

    private Contents _contents = new();
    private readonly Dictionary<SinkOutcome, long> _outcomes = [];
    private readonly List<string> _falls = [];

    /// <inheritdoc/>
    public ValueTask<SinkFence?> RaiseFenceAsync(ShardId shard, Epoch epoch, long batch, CancellationToken cancellationToken) =>
        RunAsync(nameof(RaiseFenceAsync), shard, () => RaiseFence(shard, epoch, batch), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SinkFence?> ReadFenceAsync(ShardId shard, CancellationToken cancellationToken) =>
        RunAsync(nameof(ReadFenceAsync), shard, () => ReadFence(shard), cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SinkAnswer> WriteAsync(PublishBatch batch, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch.Items.Count, PublishBatch.ItemsMax, nameof(batch));
        return RunAsync(nameof(WriteAsync), batch.Shard, () => Write(batch), cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<SinkKeys> ScanAsync(long cursor, CancellationToken cancellationToken) =>
        RunAsync(nameof(ScanAsync), null, () => Scan(cursor), cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Keys present now, in ordinal order.</summary>
    public IReadOnlyList<string> ListKeys() => Inspect<IReadOnlyList<string>>(() =>
        [.. _contents.Hashes.Where(pair => !IsExpired(pair.Value)).Select(static pair => pair.Key).Order(StringComparer.Ordinal)]);

    /// <summary>Fields of a key as text, or null when it is absent or expired.</summary>
    public IReadOnlyDictionary<string, string>? TryRead(string key) => Inspect(() => Find(key)?.Fields);

    /// <summary>Expiry of a key in Unix milliseconds (0 for none), or null when it is absent or expired.</summary>
    public long? FindExpiryMs(string key) => Inspect(() => Find(key)?.ExpireAtMs);

    /// <summary>How often a batch was answered with <paramref name="outcome"/>.</summary>
    public long CountOutcome(SinkOutcome outcome) => Inspect(() => _outcomes.GetValueOrDefault(outcome));

    /// <summary>
    /// Every write that would have made the <c>_v</c> of a present key fall, as <c>key: from → to</c>. Must stay empty in every
    /// run that neither loses data nor deletes keys by hand. Cleared by nothing.
    /// </summary>
    public IReadOnlyList<string> ListVersionFalls() => Inspect<IReadOnlyList<string>>(() => [.. _falls]);

    /// <summary>Fault: all keys and fences are gone.</summary>
    public void LoseEverything() => Inspect(() => _contents = new Contents());

    /// <summary>Fault: the fence of one shard is gone.</summary>
    public void LoseFence(ShardId shard) => Inspect(() => _contents.Fences.Remove(shard));

    /// <summary>Fault: one key is gone (evicted, deleted by hand).</summary>
    public void LoseKey(string key) => Inspect(() => _contents.Hashes.Remove(key));

    /// <summary>Keeps the present contents for a later <see cref="Restore"/>.</summary>
    public InMemorySinkSnapshot TakeSnapshot() => Inspect(() => new InMemorySinkSnapshot(_contents.Copy()));

    /// <summary>Fault: the sink comes back with older contents, fences included, as after a failover or a restore.</summary>
    public void Restore(InMemorySinkSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        Inspect(() => _contents = snapshot.Contents.Copy());
    }

    internal SinkFence? ReadFence(ShardId shard) => _contents.Fences.GetValueOrDefault(shard);

    internal SinkFence? RaiseFence(ShardId shard, Epoch epoch, long batch)
    {
        var before = _contents.Fences.GetValueOrDefault(shard);
        if (before is null || before.Epoch <= epoch)
        {
            _contents.Fences[shard] = new SinkFence(epoch, batch, before?.Position ?? SinkFence.NoPosition);
        }

        return before;
    }

    internal SinkKeys Scan(long cursor)
    {
        // A cursor into the order of hashes, as Redis has it: keys that come and go meanwhile move nothing else.
        List<(ulong Hash, string Key)> ordered =
        [
            .. _contents.Hashes.Where(p => !IsExpired(p.Value)).Select(static p => (StableHash.Of(Encoding.UTF8.GetBytes(p.Key)) >> 1, p.Key))
                .Where(k => k.Item1 >= (ulong)cursor).Order(),
        ];
        List<(ulong Hash, string Key)> page = [.. ordered.Take(ScanPage)];
        return new SinkKeys(
            [.. page.Select(static k => (ReadOnlyMemory<byte>)Encoding.UTF8.GetBytes(k.Key))],
            page.Count == ordered.Count ? 0 : (long)ordered[page.Count].Hash);
    }

    internal int FallCount => _falls.Count;

    internal SinkAnswer Write(PublishBatch batch)
    {
        var outcome = Judge(_contents.Fences.GetValueOrDefault(batch.Shard), batch);
        _outcomes[outcome] = _outcomes.GetValueOrDefault(outcome) + 1;
        List<int> missing = [];
        if (outcome == SinkOutcome.Done)
        {
            // The first answer may have been lost together with the refreshes it reported.
            for (var index = 0; index < batch.Items.Count; index++)
            {
                if (batch.Items[index].Kind == PublishKind.Refresh && Find(Encoding.UTF8.GetString(batch.Items[index].Key.Span)) is null)
                {
                    missing.Add(index);
                }
            }
        }

        if (outcome != SinkOutcome.Written)
        {
            return new SinkAnswer(outcome, missing);
        }

        for (var index = 0; index < batch.Items.Count; index++)
        {
            if (!Apply(batch, batch.Items[index]))
            {
                missing.Add(index);
            }
        }

        _contents.Fences[batch.Shard] = new SinkFence(batch.Epoch, batch.Batch, batch.Position);
        return new SinkAnswer(SinkOutcome.Written, missing);
    }

    private static SinkOutcome Judge(SinkFence? fence, PublishBatch batch)
    {
        if (fence is null || fence.Epoch < batch.Epoch)
        {
            return SinkOutcome.Lost;
        }

        if (fence.Epoch > batch.Epoch)
        {
            return SinkOutcome.Stale;
        }

        if (fence.Batch == batch.Batch)
        {
            return SinkOutcome.Done;
        }

        return fence.Batch == batch.Batch - 1 ? SinkOutcome.Written : SinkOutcome.Lost;
    }

    /// <summary>False when a refresh met no key.</summary>
    private bool Apply(PublishBatch batch, PublishItem item)
    {
        var key = Encoding.UTF8.GetString(item.Key.Span);
        switch (item.Kind)
        {
            case PublishKind.Write:
                var fields = batch.Fields.Skip(item.FieldsStart).Take(item.FieldsCount).ToDictionary(
                    static field => Encoding.UTF8.GetString(field.Name.Span),
                    static field => Encoding.UTF8.GetString(field.Value.Span),
                    StringComparer.Ordinal);
                NoteFall(key, fields);
                _contents.Hashes[key] = new Hash(fields, item.ExpireAtMs);
                return true;
            case PublishKind.Refresh:
                if (Find(key) is not { } hash)
                {
                    return false;
                }

                _contents.Hashes[key] = hash with { ExpireAtMs = item.ExpireAtMs };
                return true;
            case PublishKind.Delete:
                _contents.Hashes.Remove(key);
                return true;
            default:
                throw new ArgumentException($"unknown kind {item.Kind} for key {key}", nameof(batch));
        }
    }

    private void NoteFall(string key, Dictionary<string, string> fields)
    {
        if (Find(key)?.Fields.GetValueOrDefault("_v") is { } from
            && fields.GetValueOrDefault("_v") is { } to
            && ParseVersion(to).CompareTo(ParseVersion(from)) < 0)
        {
            _falls.Add($"{key}: {from} → {to}");
        }
    }

    /// <summary>Reads <c>NextOffset-T</c>; T may be negative, NextOffset never is.</summary>
    private static (long NextOffset, long ClockMs) ParseVersion(string version)
    {
        var dash = version.IndexOf('-', StringComparison.Ordinal);
        return (long.Parse(version.AsSpan(0, dash), CultureInfo.InvariantCulture),
            long.Parse(version.AsSpan(dash + 1), CultureInfo.InvariantCulture));
    }

    private Hash? Find(string key) =>
        _contents.Hashes.GetValueOrDefault(key) is { } hash && !IsExpired(hash) ? hash : null;

    private bool IsExpired(Hash hash) => hash.ExpireAtMs != 0 && hash.ExpireAtMs <= time.GetUtcNow().ToUnixTimeMilliseconds();

    internal sealed record Hash(IReadOnlyDictionary<string, string> Fields, long ExpireAtMs);

    internal sealed class Contents
    {
        public Dictionary<ShardId, SinkFence> Fences { get; private init; } = [];

        public Dictionary<string, Hash> Hashes { get; private init; } = new(StringComparer.Ordinal);

        public Contents Copy() => new() { Fences = new(Fences), Hashes = new(Hashes, StringComparer.Ordinal) };
    }
}

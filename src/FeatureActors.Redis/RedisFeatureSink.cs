using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using StackExchange.Redis;

namespace FeatureActors.Redis;

/// <summary>
/// Writes features to Redis, one fenced script per batch. The fence is the hash <c>fa:&lt;namespace&gt;:_fence:&lt;entity&gt;:&lt;partition&gt;</c>
/// (<c>epoch</c>, <c>batch</c>, <c>next_offset</c>, <c>t</c>). The connection is made at the first call and again by itself, so it may
/// be built while Redis is down. Error replies of the server, full memory included, count as Redis being away. Scripts touch
/// several keys, therefore Redis Cluster is refused by the server itself.
/// </summary>
public sealed class RedisFeatureSink : IFeatureSink
{
    // Arguments of the write script before those of its items.
    private const int ItemsStart = 5;

    // Keys looked at by one scan: well below a millisecond of the server's time.
    private const int ScanCount = 500;

    // How long hashes travel field by field after the server refused RESTORE; then it is tried again, for the server may be another.
    private static readonly TimeSpan RestorePause = TimeSpan.FromMinutes(10);

    // As text, like everything the scripts only keep: Lua would round the lowest long.
    private static readonly RedisValue NoClock = SinkFence.NoPosition.ClockMs.ToString(CultureInfo.InvariantCulture);

    private static readonly byte[] VersionName = "_v"u8.ToArray();
    private static readonly RedisValue RefreshMark = "R"u8.ToArray();
    private static readonly RedisValue DeleteMark = "D"u8.ToArray();

    private readonly RedisSinkOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly RedisLink _link;
    private readonly string _prefix;
    private readonly RedisKey _fallsKey;
    private readonly ConcurrentDictionary<ShardId, RedisKey> _fenceKeys = new();
    private readonly ConcurrentBag<RedisHashPacker> _packers = [];
    private long _restorePausedAt;

    /// <summary>Prepares a sink; does not connect yet.</summary>
    /// <param name="definitionsNamespace">Namespace of the definitions.</param>
    /// <param name="options">Settings.</param>
    /// <param name="timeProvider">Clock of the time-outs.</param>
    /// <exception cref="ArgumentException">A setting is out of range, or the password cannot be read.</exception>
    public RedisFeatureSink(string definitionsNamespace, RedisSinkOptions options, TimeProvider timeProvider)
    {
        ArgumentException.ThrowIfNullOrEmpty(definitionsNamespace);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(timeProvider);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.ConnectTimeout, TimeSpan.Zero, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.CommandTimeout, TimeSpan.Zero, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.Database, nameof(options));
        _options = options;
        _timeProvider = timeProvider;
        _prefix = $"fa:{EntityKey.Escape(definitionsNamespace)}:";
        _fallsKey = _prefix + "_falls";
        _link = new RedisLink(
            RedisConfiguration.Build(
                options.ConnectionString,
                options.Password,
                options.PasswordFile,
                options.PasswordEnvironment,
                options.Database,
                options.Tls,
                options.ConnectTimeout),
            options.CommandTimeout,
            timeProvider);
    }

    private bool UsesRestore => _options.HashForm switch
    {
        RedisHashForm.Restore => true,
        RedisHashForm.Fields => false,
        _ => Volatile.Read(ref _restorePausedAt) is var since && (since == 0 || _timeProvider.GetElapsedTime(since) > RestorePause),
    };

    /// <inheritdoc/>
    public async ValueTask<SinkFence?> RaiseFenceAsync(ShardId shard, Epoch epoch, long batch, CancellationToken cancellationToken)
    {
        RedisResult answer = await EvaluateAsync(
            $"raise the fence of shard {shard}", RedisScripts.RaiseFence, [FenceKey(shard)], [epoch.Value, batch, NoClock], cancellationToken)
            .ConfigureAwait(false);
        return ReadFence((RedisValue[])answer!, shard);
    }

    /// <inheritdoc/>
    public async ValueTask<SinkFence?> ReadFenceAsync(ShardId shard, CancellationToken cancellationToken)
    {
        string what = $"read the fence of shard {shard}";
        try
        {
            RedisValue[] values = await _link.RunAsync(
                what,
                static (database, key) => database.HashGetAsync(key, ["epoch", "batch", "next_offset", "t"]),
                FenceKey(shard),
                cancellationToken).ConfigureAwait(false);
            return ReadFence(values, shard);
        }
        catch (RedisServerException e)
        {
            throw _link.Refused(what, e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<SinkKeys> ScanAsync(long cursor, CancellationToken cancellationToken)
    {
        const string What = "list the published keys";
        try
        {
            RedisResult answer = await _link.RunAsync(
                What,
                static (database, s) => database.ExecuteAsync("SCAN", s.Cursor, "MATCH", s.Pattern, "COUNT", ScanCount),
                (Cursor: unchecked((ulong)cursor).ToString(CultureInfo.InvariantCulture), Pattern: _prefix + "*"),
                cancellationToken).ConfigureAwait(false);
            var parts = (RedisResult[])answer!;
            ulong next = ulong.Parse((string)parts[0]!, CultureInfo.InvariantCulture);
            return new SinkKeys([.. ((RedisValue[])parts[1]!).Select(static k => (ReadOnlyMemory<byte>)(byte[])k!)], unchecked((long)next));
        }
        catch (RedisServerException e)
        {
            throw _link.Refused(What, e);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<SinkAnswer> WriteAsync(PublishBatch batch, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(batch);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(batch.Items.Count, PublishBatch.ItemsMax, nameof(batch));
        bool usesRestore = UsesRestore;
        RedisValue[] answer = await SendAsync(batch, usesRestore, cancellationToken).ConfigureAwait(false);
        if ((int)answer[0] == RedisScripts.RestoreRefused)
        {
            string refusal = (string?)answer[1] ?? "";
            if (_options.HashForm == RedisHashForm.Restore)
            {
                throw _link.Unavailable($"publish batch {batch.Batch} of shard {batch.Shard}", refusal, null);
            }

            answer = await SendAsync(batch, usesRestore: false, cancellationToken).ConfigureAwait(false);

            // Only now: had the server been out of memory or read-only, this would have failed in the same way.
            Volatile.Write(ref _restorePausedAt, _timeProvider.GetTimestamp());
        }

        return ReadAnswer(answer);
    }

    /// <summary>How often a written version would have fallen, counted while <see cref="RedisSinkOptions.VerifyVersions"/> is on.</summary>
    /// <exception cref="DependencyUnavailableException">Redis did not answer.</exception>
    public async ValueTask<long> CountVersionFallsAsync(CancellationToken cancellationToken)
    {
        const string What = "read the number of fallen versions";
        try
        {
            RedisValue count = await _link.RunAsync(
                What, static (database, key) => database.StringGetAsync(key), _fallsKey, cancellationToken).ConfigureAwait(false);
            return count.IsNull ? 0 : (long)count;
        }
        catch (RedisServerException e)
        {
            throw _link.Refused(What, e);
        }
    }

    /// <summary>Closes the connection; calls still waiting fail.</summary>
    public ValueTask DisposeAsync() => _link.DisposeAsync();

    private static SinkAnswer ReadAnswer(RedisValue[] answer)
    {
        SinkOutcome outcome = (int)answer[0] switch
        {
            RedisScripts.Written => SinkOutcome.Written,
            RedisScripts.Done => SinkOutcome.Done,
            RedisScripts.Stale => SinkOutcome.Stale,
            RedisScripts.Lost => SinkOutcome.Lost,
            var code => throw new InvalidOperationException($"the publish script answered the unknown code {code}"),
        };
        if (answer.Length == 1)
        {
            return new SinkAnswer(outcome, []);
        }

        int[] missing = new int[answer.Length - 1];
        for (int i = 0; i < missing.Length; i++)
        {
            missing[i] = (int)answer[i + 1] - 1;
        }

        return new SinkAnswer(outcome, missing);
    }

    private static SinkFence? ReadFence(RedisValue[] values, ShardId shard)
    {
        if (values[0].IsNull)
        {
            return null;
        }

        return new SinkFence(
            new Epoch(Number(values[0], shard)),
            Number(values[1], shard),
            new PublishPosition(Number(values[2], shard), Number(values[3], shard)));
    }

    // A missing part counts as 0: such a fence answers LOST to every write until it is raised again.
    private static long Number(RedisValue value, ShardId shard) => value.IsNull
        ? 0
        : long.TryParse((string?)value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new InvalidOperationException($"the fence of shard {shard} in Redis holds text that is not a number");

    private static RedisKey AsKey(ReadOnlyMemory<byte> key) => AsArray(key);

    private static byte[] AsArray(ReadOnlyMemory<byte> memory) =>
        MemoryMarshal.TryGetArray(memory, out ArraySegment<byte> segment)
            && segment.Offset == 0 && segment.Array is { } array && array.Length == segment.Count
            ? array
            : memory.ToArray();

    private static byte[] FindVersion(PublishBatch batch, in PublishItem item)
    {
        for (int i = item.FieldsStart; i < item.FieldsStart + item.FieldsCount; i++)
        {
            if (batch.Fields[i].Name.Span.SequenceEqual(VersionName))
            {
                return AsArray(batch.Fields[i].Value);
            }
        }

        return [];
    }

    private async ValueTask<RedisValue[]> SendAsync(PublishBatch batch, bool usesRestore, CancellationToken cancellationToken)
    {
        RedisKey[] keys;
        RedisValue[] values;
        if (!_packers.TryTake(out RedisHashPacker? packer))
        {
            packer = new RedisHashPacker();
        }

        try
        {
            (keys, values) = Pack(batch, packer, usesRestore);
        }
        finally
        {
            _packers.Add(packer);
        }

        RedisScript script = (usesRestore, _options.VerifyVersions) switch
        {
            (true, false) => RedisScripts.WriteRestore,
            (true, true) => RedisScripts.WriteRestoreVerified,
            (false, false) => RedisScripts.WriteFields,
            (false, true) => RedisScripts.WriteFieldsVerified,
        };
        RedisResult answer = await EvaluateAsync(
            $"publish batch {batch.Batch} of shard {batch.Shard}", script, keys, values, cancellationToken).ConfigureAwait(false);
        return (RedisValue[])answer!;
    }

    private (RedisKey[] Keys, RedisValue[] Values) Pack(PublishBatch batch, RedisHashPacker packer, bool usesRestore)
    {
        int count = batch.Items.Count;
        int stride = _options.VerifyVersions ? 3 : 2;
        var keys = new RedisKey[1 + count + (_options.VerifyVersions ? 1 : 0)];
        var values = new RedisValue[ItemsStart + (count * stride)];
        packer.BeginBatch();
        keys[0] = FenceKey(batch.Shard);
        values[0] = batch.Epoch.Value;
        values[1] = batch.Batch;
        values[2] = batch.Position.NextOffset;
        values[3] = batch.Position.ClockMs.ToString(CultureInfo.InvariantCulture);
        values[4] = 0;
        for (int i = 0; i < count; i++)
        {
            PublishItem item = batch.Items[i];
            if (item.Kind == PublishKind.Write)
            {
                values[4] = 1;
            }

            int at = ItemsStart + (i * stride);
            keys[i + 1] = AsKey(item.Key);
            values[at] = item.ExpireAtMs;
            values[at + 1] = item.Kind switch
            {
                PublishKind.Write => usesRestore ? packer.PackListpack(batch, item) : packer.PackFields(batch, item),
                PublishKind.Refresh => RefreshMark,
                PublishKind.Delete => DeleteMark,
                _ => throw new ArgumentException($"a batch of shard {batch.Shard} holds the unknown kind {item.Kind}", nameof(batch)),
            };
            if (stride == 3)
            {
                values[at + 2] = item.Kind == PublishKind.Write ? FindVersion(batch, item) : RedisValue.EmptyString;
            }
        }

        if (_options.VerifyVersions)
        {
            keys[^1] = _fallsKey;
        }

        return (keys, values);
    }

    private async ValueTask<RedisResult> EvaluateAsync(
        string what, RedisScript script, RedisKey[] keys, RedisValue[] values, CancellationToken cancellationToken)
    {
        try
        {
            try
            {
                return await _link.RunAsync(
                    what,
                    static (database, s) => database.ScriptEvaluateAsync(s.script.Hash, s.keys, s.values),
                    (script, keys, values),
                    cancellationToken).ConfigureAwait(false);
            }
            catch (RedisServerException e) when (e.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
            {
                // A new or emptied server: the text is sent once, which carries it out and makes it known again.
                return await _link.RunAsync(
                    what,
                    static (database, s) => database.ExecuteAsync("EVAL", FullText(s.script, s.keys, s.values)),
                    (script, keys, values),
                    cancellationToken).ConfigureAwait(false);
            }
        }
        catch (RedisServerException e)
        {
            throw _link.Refused(what, e);
        }

        static object[] FullText(RedisScript script, RedisKey[] keys, RedisValue[] values) =>
            [(RedisValue)script.Text, (RedisValue)keys.Length, .. keys.Select(key => (object)key), .. values.Select(value => (object)value)];
    }

    private RedisKey FenceKey(ShardId shard) => _fenceKeys.GetOrAdd(
        shard,
        static (id, prefix) => Encoding.UTF8.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"{prefix}_fence:{EntityKey.Escape(id.Entity)}:{id.Partition}")),
        _prefix);
}

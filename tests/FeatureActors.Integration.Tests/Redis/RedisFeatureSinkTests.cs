using System.Diagnostics;
using System.Text;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.LocalServers;
using FeatureActors.Redis;

namespace FeatureActors.Integration.Tests.Redis;

/// <summary>What only a real server shows: restarts, refusals, time-outs. Each test has a server of its own.</summary>
[Trait("Category", "Integration")]
public sealed class RedisFeatureSinkTests
{
    private static readonly ShardId Shard = new("item", 0);

    [Fact]
    public async Task Scripts_flushed_by_somebody_are_sent_again()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisFeatureSink sink = Open(server);
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        await sink.WriteAsync(Batch(1, "a"), default);

        await AskAsync(server, "SCRIPT", "FLUSH");

        Assert.Equal(SinkOutcome.Written, (await sink.WriteAsync(Batch(2, "b"), default)).Outcome);
        Assert.Equal(1, (await sink.RaiseFenceAsync(Shard, new Epoch(2), 3, default))?.Epoch.Value);
    }

    [Fact]
    public async Task A_server_down_at_start_is_named_and_used_once_it_runs()
    {
        await using RedisServer server = await RedisServer.StartAsync(new RedisServerOptions { Password = "s3cret-word" });
        await server.StopAsync(default);
        await using RedisFeatureSink sink = Open(server);

        var error = await Assert.ThrowsAsync<DependencyUnavailableException>(
            async () => await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default));
        Assert.Equal($"redis at {server.Endpoint}", error.Dependency);
        Assert.True(error.IsTransient);
        Assert.DoesNotContain("s3cret-word", error.ToString(), StringComparison.Ordinal);

        await server.RestartAsync(default);
        Assert.Null(await Eventually.AnswersAsync(() => sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default)));
        Assert.Equal(SinkOutcome.Written, (await sink.WriteAsync(Batch(1, "a"), default)).Outcome);
    }

    [Fact]
    public async Task A_server_killed_and_started_empty_answers_lost_until_the_fence_is_raised()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisFeatureSink sink = Open(server);
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        await sink.WriteAsync(Batch(1, "a"), default);

        await server.KillAsync(default);
        await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await sink.WriteAsync(Batch(2, "a"), default));
        await server.RestartAsync(default);

        Assert.Equal(SinkOutcome.Lost, (await Eventually.AnswersAsync(() => sink.WriteAsync(Batch(2, "a"), default))).Outcome);
        Assert.Null(await sink.RaiseFenceAsync(Shard, new Epoch(1), 1, default));
        Assert.Equal(SinkOutcome.Written, (await sink.WriteAsync(Batch(2, "a"), default)).Outcome);
    }

    [Fact]
    public async Task A_frozen_server_ends_in_a_time_out_and_its_late_work_is_not_repeated()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisFeatureSink sink = Open(server, new() { CommandTimeout = TimeSpan.FromMilliseconds(300) });
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        await sink.WriteAsync(Batch(1, "a"), default);

        server.Freeze();
        try
        {
            var watch = Stopwatch.StartNew();
            var error = await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await sink.WriteAsync(Batch(2, "b"), default));
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(5), $"took {watch.Elapsed}");
            Assert.Contains("no answer within 300 ms", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            server.Thaw();
        }

        // The server may carry out the batch that nobody waits for any more; the fence makes the repetition harmless either way.
        SinkAnswer again = await Eventually.AnswersAsync(() => sink.WriteAsync(Batch(2, "b"), default));
        Assert.True(again.Outcome is SinkOutcome.Done or SinkOutcome.Written, $"{again.Outcome}");
        Assert.Equal(SinkOutcome.Written, (await sink.WriteAsync(Batch(3, "c"), default)).Outcome);
    }

    [Fact]
    public async Task A_server_silent_for_long_gets_a_new_connection()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisFeatureSink sink = Open(
            server, new() { CommandTimeout = TimeSpan.FromMilliseconds(100), ConnectTimeout = TimeSpan.FromSeconds(1) });
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);

        server.Freeze();
        try
        {
            for (int i = 0; i < 6; i++)
            {
                await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await sink.WriteAsync(Batch(1, "b"), default));
            }
        }
        finally
        {
            server.Thaw();
        }

        SinkAnswer again = await Eventually.AnswersAsync(() => sink.WriteAsync(Batch(1, "b"), default));
        Assert.True(again.Outcome is SinkOutcome.Done or SinkOutcome.Written, $"{again.Outcome}");
    }

    [Theory]
    [InlineData(RedisHashForm.Auto)]
    [InlineData(RedisHashForm.Fields)]
    public async Task A_full_server_counts_as_unavailable_and_the_batch_can_be_repeated(RedisHashForm form)
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisFeatureSink sink = Open(server, new() { HashForm = form });
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        await AskAsync(server, "CONFIG", "SET", "maxmemory", "1");

        var error = await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await sink.WriteAsync(Batch(1, "a"), default));
        Assert.Contains("maxmemory", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await sink.ReadFenceAsync(Shard, default))?.Batch);

        await AskAsync(server, "CONFIG", "SET", "maxmemory", "0");
        Assert.Equal(SinkOutcome.Written, (await sink.WriteAsync(Batch(1, "a"), default)).Outcome);
    }

    [Fact]
    public async Task A_read_only_server_counts_as_unavailable()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisFeatureSink sink = Open(server);
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        await AskAsync(server, "REPLICAOF", "127.0.0.1", "1");

        await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await sink.WriteAsync(Batch(1, "a"), default));

        await AskAsync(server, "REPLICAOF", "NO", "ONE");
        Assert.Equal(SinkOutcome.Written, (await Eventually.AnswersAsync(() => sink.WriteAsync(Batch(1, "a"), default))).Outcome);
    }

    [Fact]
    public async Task A_wrong_password_counts_as_unavailable_and_is_not_shown()
    {
        await using RedisServer server = await RedisServer.StartAsync(new RedisServerOptions { Password = "right" });
        await using RedisFeatureSink sink = new(
            "t",
            new() { ConnectionString = server.Endpoint, Password = "wr0ng-word", ConnectTimeout = TimeSpan.FromSeconds(1) },
            TimeProvider.System);

        var error = await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await sink.ReadFenceAsync(Shard, default));

        Assert.Contains("check the configured password", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wr0ng-word", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_password_can_stand_in_a_file()
    {
        await using RedisServer server = await RedisServer.StartAsync(new RedisServerOptions { Password = "pass in file" });
        string file = Path.Combine(server.DataFolder, "password");
        await File.WriteAllTextAsync(file, "pass in file\n");
        await using RedisFeatureSink sink = new(
            "t", new() { ConnectionString = server.Endpoint, PasswordFile = file }, TimeProvider.System);

        Assert.Null(await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default));
    }

    [Fact]
    public async Task Without_the_right_to_restore_hashes_travel_field_by_field()
    {
        await using RedisServer server = await RedisServer.StartAsync(
            new RedisServerOptions { Directives = ["rename-command RESTORE \"\""] });
        await using RedisFeatureSink sink = Open(server);
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);

        Assert.Equal(SinkOutcome.Written, (await sink.WriteAsync(Batch(1, "a"), default)).Outcome);
        Assert.Equal(SinkOutcome.Written, (await sink.WriteAsync(Batch(2, "b"), default)).Outcome);

        await using RedisFeatureSink strict = Open(server, new() { HashForm = RedisHashForm.Restore });
        await Assert.ThrowsAsync<DependencyUnavailableException>(async () => await strict.WriteAsync(Batch(3, "c"), default));
    }

    [Theory]
    [InlineData(RedisHashForm.Restore)]
    [InlineData(RedisHashForm.Fields)]
    public async Task A_falling_version_is_refused_and_counted_when_versions_are_verified(RedisHashForm form)
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisFeatureSink sink = Open(server, new() { VerifyVersions = true, HashForm = form });
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        Assert.Equal(0, await sink.CountVersionFallsAsync(default));

        string[] versions = ["9-100", "10-50", "10-50", "10-49", "9-900", "10-1000", "10-999"];
        for (int i = 0; i < versions.Length; i++)
        {
            PublishBatch batch = Batch(i + 1, ["a", $"other{i}"], versions[i]);
            Assert.Equal(SinkOutcome.Written, (await sink.WriteAsync(batch, default)).Outcome);
            Assert.Equal(versions[i], await AskAsync(server, "HGET", $"fa:t:g:other{i}", "_v"));
        }

        Assert.Equal(3, await sink.CountVersionFallsAsync(default));
        Assert.Equal("10-1000", await AskAsync(server, "HGET", "fa:t:g:a", "_v"));
    }

    [Fact]
    public async Task The_fence_is_a_hash_that_people_can_read()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisFeatureSink sink = new("my shop", new() { ConnectionString = server.ConnectionString }, TimeProvider.System);
        await sink.RaiseFenceAsync(new ShardId("item", 7), new Epoch(12), 3, default);

        Assert.Equal("12", await AskAsync(server, "HGET", "fa:my%20shop:_fence:item:7", "epoch"));
        Assert.Equal("3", await AskAsync(server, "HGET", "fa:my%20shop:_fence:item:7", "batch"));
    }

    [Fact]
    public async Task Cancelling_ends_the_wait_at_once()
    {
        await using RedisServer server = await RedisServer.StartAsync();
        await using RedisFeatureSink sink = Open(server, new() { CommandTimeout = TimeSpan.FromMinutes(5) });
        await sink.RaiseFenceAsync(Shard, new Epoch(1), 0, default);
        server.Freeze();
        try
        {
            using var stop = new CancellationTokenSource();
            ValueTask<SinkAnswer> waiting = sink.WriteAsync(Batch(1, "a"), stop.Token);
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await waiting);
        }
        finally
        {
            server.Thaw();
        }
    }

    private static RedisFeatureSink Open(RedisServer server, RedisSinkOptions? options = null)
    {
        options ??= new RedisSinkOptions();
        return new RedisFeatureSink(
            "t",
            new RedisSinkOptions
            {
                ConnectionString = server.ConnectionString,
                HashForm = options.HashForm,
                VerifyVersions = options.VerifyVersions,
                CommandTimeout = options.CommandTimeout,
                ConnectTimeout = options.ConnectTimeout,
            },
            TimeProvider.System);
    }

    private static async Task<string?> AskAsync(RedisServer server, string command, params object[] arguments)
    {
        using RedisClient connection = await RedisClient.ConnectAsync(server, "allowAdmin=true");
        return (string?)await connection.Database.ExecuteAsync(command, arguments);
    }

    private static PublishBatch Batch(long batch, string key) => Batch(batch, [key], $"{batch}-1700000000000");

    private static PublishBatch Batch(long batch, string[] keys, string version)
    {
        List<PublishItem> items = [];
        List<PublishField> fields = [];
        foreach (string key in keys)
        {
            items.Add(new PublishItem(PublishKind.Write, Encoding.UTF8.GetBytes("fa:t:g:" + key), 0, fields.Count, 2));
            fields.Add(new PublishField("_v"u8.ToArray(), Encoding.UTF8.GetBytes(version)));
            fields.Add(new PublishField("buys:1h"u8.ToArray(), "1"u8.ToArray()));
        }

        return new PublishBatch(Shard, new Epoch(1), batch, new PublishPosition(batch, 1_700_000_000_000), items, fields);
    }
}

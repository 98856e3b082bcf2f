using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Benchmarks.Nodes;
using FeatureActors.Benchmarks.Streams;
using FeatureActors.Kafka;
using FeatureActors.LocalServers;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;

namespace FeatureActors.Benchmarks.TakeOver;

/// <summary>
/// What a move waits for, without a move: as many rows copied and merged in one transaction, a row told of over another connection, a row
/// raised, a fence in Redis, the end of a log and the next batch behind it; one after the other, again and again, from one warm process
/// against the servers that the nodes use at the same time. What this takes, the machine and its servers take.
/// </summary>
internal sealed class ControlMove : IAsyncDisposable
{
    private const int Rows = 500;
    private const int RowBytes = 150;
    private const int WarmUpRounds = 20;
    private const string Heard = "bench_control";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly NpgsqlDataSource _database;
    private readonly KafkaConnection _connection;
    private readonly KafkaShardLog _log;
    private readonly ShardId _shard = new(Profile.Entity, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly List<(DateTimeOffset At, long Ms)> _taken = [];
    private readonly Task _running;

    /// <summary>Begins to measure.</summary>
    public ControlMove(Preloaded servers, PostgresServer postgres, string definitionsNamespace, int shards)
    {
        _database = NpgsqlDataSource.Create(postgres.ConnectionString);
        _connection = new KafkaConnection(
            new KafkaOptions { BootstrapServers = servers.Kafka.Endpoint, Properties = KafkaServer.ClientSettings },
            TimeProvider.System,
            NullLogger<KafkaConnection>.Instance);
        _log = new KafkaShardLog(_connection, definitionsNamespace);
        _running = Task.Run(() => RunAsync(servers.Redis.ConnectionString, shards, _stop.Token));
    }

    /// <summary>Ends it; answers when each was begun and what it took.</summary>
    public async Task<IReadOnlyList<(DateTimeOffset At, long Ms)>> EndAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !_running.IsFaulted ? _taken : throw new InvalidOperationException("the control broke", _running.Exception);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _log.DisposeAsync().ConfigureAwait(false);
        await _connection.DisposeAsync().ConfigureAwait(false);
        await _database.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync(string redisEndpoint, int shards, CancellationToken cancellationToken)
    {
        await _log.OpenAsync(_shard.Entity, shards, cancellationToken).ConfigureAwait(false);
        using ConnectionMultiplexer redis = await ConnectionMultiplexer.ConnectAsync(redisEndpoint).ConfigureAwait(false);
        using NpgsqlConnection giver = await _database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        using NpgsqlConnection heir = await _database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        using NpgsqlConnection ear = await _database.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(
            giver,
            """
            CREATE TABLE IF NOT EXISTS control (key text PRIMARY KEY, state text NOT NULL);
            INSERT INTO control VALUES ('lease', ''), ('epoch', '') ON CONFLICT DO NOTHING;
            CREATE TEMPORARY TABLE staged (LIKE control)
            """,
            cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(ear, "LISTEN " + Heard, cancellationToken).ConfigureAwait(false);
        string rows = Lines();
        for (int round = 0; ; round++)
        {
            DateTimeOffset at = TimeProvider.System.GetUtcNow();
            long start = TimeProvider.System.GetTimestamp();
            await KeepAsync(giver, rows, cancellationToken).ConfigureAwait(false);
            await ExecuteAsync(giver, $"WITH u AS (UPDATE control SET state = state WHERE key = 'lease' RETURNING 1) SELECT pg_notify('{Heard}', '') FROM u", cancellationToken)
                .ConfigureAwait(false);
            await ear.WaitAsync(Patience, cancellationToken).ConfigureAwait(false);
            await ExecuteAsync(heir, "UPDATE control SET state = state WHERE key = 'epoch'", cancellationToken).ConfigureAwait(false);
            await redis.GetDatabase().ScriptEvaluateAsync("return redis.call('HSET', KEYS[1], 'epoch', ARGV[1])", ["bench:control"], [1]).ConfigureAwait(false);
            LogRange range = await _log.GetRangeAsync(_shard, cancellationToken).ConfigureAwait(false);
            IShardLogReader reader = await _log.ReadFromAsync(_shard, Math.Max(range.Begin, range.End - 1), cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                await reader.ReadAsync(1, cancellationToken).ConfigureAwait(false);
            }

            if (round >= WarmUpRounds)
            {
                _taken.Add((at, (long)TimeProvider.System.GetElapsedTime(start).TotalMilliseconds));
            }

            await Task.Delay(Pause, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task KeepAsync(NpgsqlConnection connection, string rows, CancellationToken cancellationToken)
    {
        await ExecuteAsync(connection, "TRUNCATE staged", cancellationToken).ConfigureAwait(false);
        using (TextWriter copy = await connection.BeginTextImportAsync("COPY staged FROM STDIN", cancellationToken).ConfigureAwait(false))
        {
            await copy.WriteAsync(rows.AsMemory(), cancellationToken).ConfigureAwait(false);
        }

        using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(connection, "SELECT 1 FROM control WHERE key = 'lease' FOR UPDATE", cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(
            connection, "INSERT INTO control SELECT * FROM staged ON CONFLICT (key) DO UPDATE SET state = excluded.state", cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(connection, "UPDATE control SET state = state WHERE key = 'lease'", cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
    }

    private static string Lines()
    {
        var lines = new StringBuilder();
        for (int row = 0; row < Rows; row++)
        {
            lines.Append(CultureInfo.InvariantCulture, $"r{row}\t").Append('s', RowBytes).Append('\n');
        }

        return lines.ToString();
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}

using System.Globalization;
using System.Text.RegularExpressions;
using FeatureActors.Integration.Tests.Kafka;
using FeatureActors.Integration.Tests.Live;
using FeatureActors.LocalServers;
using Npgsql;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>How much of each stored format lies in the database and in the logs, and how much of each a node has read.</summary>
internal sealed partial class StoredFormats(KafkaNode kafka, PostgresServer database) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };

    /// <summary>Entities in the database by the format of their blocks.</summary>
    public async Task<IReadOnlyDictionary<int, long>> EntitiesAsync()
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(database.ConnectionString + ";Pooling=false");
        await using NpgsqlCommand command = source.CreateCommand($"SELECT get_byte(state, 0), count(*) FROM \"fa_{kafka.Namespace}\".entities GROUP BY 1");
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
        var counts = new Dictionary<int, long>();
        while (await row.ReadAsync())
        {
            counts.Add(row.GetInt32(0), row.GetInt64(1));
        }

        return counts;
    }

    /// <summary>Batches in all logs by their format.</summary>
    public async Task<IReadOnlyDictionary<int, long>> BatchesAsync()
    {
        var counts = new Dictionary<int, long>();
        foreach (string entity in ChaosDefinitions.Shards.Keys)
        {
            await kafka.ReadAllAsync($"fa.{kafka.Namespace}.{entity}", batch => counts[batch[2]] = counts.GetValueOrDefault(batch[2]) + 1);
        }

        return counts;
    }

    /// <summary>What the shards that a node runs now have read there: batches out of logs and entities out of the database.</summary>
    public async Task<(long Batches, long Entities)> ReadByAsync(LiveNode node, int format)
    {
        string text = await MetricsAsync(node);
        return (Sum("fa_shard_format_log_batches_total"), Sum("fa_shard_format_loads_total"));

        long Sum(string metric) => Sample().Matches(text)
            .Where(m => m.Groups["name"].Value == metric && m.Groups["format"].Value == format.ToString(CultureInfo.InvariantCulture))
            .Sum(static m => (long)double.Parse(m.Groups["value"].Value, CultureInfo.InvariantCulture));
    }

    /// <summary>True once the process of a node runs shards: what the database says may be of the process before.</summary>
    public async Task<bool> RunsShardsAsync(LiveNode node) => (await MetricsAsync(node)).Contains("\nfa_shard_epoch{", StringComparison.Ordinal);

    public void Dispose() => _http.Dispose();

    /// <summary>Empty while the node does not answer.</summary>
    private async Task<string> MetricsAsync(LiveNode node)
    {
        try
        {
            return await _http.GetStringAsync(new Uri($"http://127.0.0.1:{node.HttpPort.ToString(CultureInfo.InvariantCulture)}/metrics"));
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return "";
        }
    }

    [GeneratedRegex("""^(?<name>\w+)\{[^}]*format="(?<format>\d+)"[^}]*\} (?<value>\S+)\r?$""", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex Sample();
}

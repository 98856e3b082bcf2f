using FeatureActors.LocalServers;
using Npgsql;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>The table of shards of one namespace, as a test sees it. Survives restarts of the server.</summary>
internal sealed class ShardTable(PostgresServer server, string definitionsNamespace) : IAsyncDisposable
{
    private readonly NpgsqlDataSource _source = NpgsqlDataSource.Create(server.ConnectionString + ";Maximum Pool Size=1;Timeout=5;Command Timeout=5");

    /// <summary>Owner and epoch of each shard that was ever acquired; empty while the table is not there or the server is away.</summary>
    public async Task<IReadOnlyDictionary<string, (string Owner, long Epoch, long CheckpointId)>> ReadAsync()
    {
        var shards = new Dictionary<string, (string, long, long)>(StringComparer.Ordinal);
        try
        {
            await using NpgsqlCommand command = _source.CreateCommand(
                $"SELECT entity || '-' || partition, owner, epoch, checkpoint_id FROM \"fa_{definitionsNamespace}\".shards");
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
            while (await row.ReadAsync())
            {
                shards.Add(row.GetString(0), (row.GetString(1), row.GetInt64(2), row.GetInt64(3)));
            }
        }
        catch (NpgsqlException)
        {
            shards.Clear();
        }

        return shards;
    }

    /// <summary>How many shards each owner has.</summary>
    public async Task<IReadOnlyDictionary<string, int>> CountAsync() =>
        (await ReadAsync()).Values.CountBy(static s => s.Owner).ToDictionary(StringComparer.Ordinal);

    /// <summary>Null when exactly these nodes own all shards, each at least one; else who owns what.</summary>
    public async Task<string?> DifferenceAsync(int shards, IReadOnlyCollection<string> nodes)
    {
        IReadOnlyDictionary<string, int> owned = await CountAsync();
        return owned.Values.Sum() == shards && owned.Keys.ToHashSet(StringComparer.Ordinal).SetEquals(nodes)
            ? null
            : $"of {shards} shards: {string.Join(", ", owned.Select(static o => $"{o.Key} {o.Value}"))}";
    }

    public async ValueTask DisposeAsync() => await _source.DisposeAsync();
}

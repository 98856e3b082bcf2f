using FeatureActors.Abstractions.Ports;
using Npgsql;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary><see cref="IPluginSwitches"/> in the table plugins_off.</summary>
internal sealed class PostgresPluginSwitches(PostgresDatabase database) : IPluginSwitches
{
    /// <inheritdoc/>
    public ValueTask<IReadOnlyDictionary<string, string>> ReadAsync(CancellationToken cancellationToken) =>
        database.RunAsync<IReadOnlyDictionary<string, string>>(
            "read what plug-ins are switched off",
            async connection =>
            {
                Dictionary<string, string> off = new(StringComparer.Ordinal);
                using NpgsqlCommand command = PostgresSql.Command(connection, "SELECT part, reason FROM plugins_off");
                using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
                while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                {
                    off.Add(reader.GetString(0), reader.GetString(1));
                }

                return off;
            },
            cancellationToken);

    /// <inheritdoc/>
    public async ValueTask SwitchOffAsync(string part, string reason, CancellationToken cancellationToken) => await database.RunAsync(
        $"note that {part} is switched off",
        connection => PostgresSql.ExecuteAsync(
            connection,
            "INSERT INTO plugins_off (part, reason) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            cancellationToken,
            PostgresSql.Text(part),
            PostgresSql.Text(PostgresSql.Storable(reason))),
        cancellationToken).ConfigureAwait(false);

    /// <inheritdoc/>
    public async ValueTask SwitchOnAsync(string part, CancellationToken cancellationToken) => await database.RunAsync(
        $"note that {part} is switched on",
        connection => PostgresSql.ExecuteAsync(connection, "DELETE FROM plugins_off WHERE part = $1", cancellationToken, PostgresSql.Text(part)),
        cancellationToken).ConfigureAwait(false);
}

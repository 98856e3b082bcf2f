using FeatureActors.LocalServers;
using FeatureActors.Persistence.Sql.Postgres;

namespace FeatureActors.Integration.Tests.Postgres;

/// <summary>Settings of stores on a test server.</summary>
internal static class PostgresSettings
{
    public static PostgresStoreOptions For(PostgresServer server, string schema, string user = PostgresServer.UserName, string? password = null) => new()
    {
        Host = LocalServer.Host,
        Port = server.Port,
        Database = PostgresServer.Database,
        User = user,
        Password = password,
        Schema = schema,
        TakeOverPatience = TimeSpan.FromMilliseconds(500),
        DeadLettersMax = 10,
        DeadLetterBytesMax = 1024 * 1024,
    };
}

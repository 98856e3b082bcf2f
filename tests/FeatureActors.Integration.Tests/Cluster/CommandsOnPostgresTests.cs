using System.Globalization;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Integration.Tests.Fixtures;
using FeatureActors.Integration.Tests.Live;
using FeatureActors.Integration.Tests.Postgres;
using FeatureActors.LocalServers;
using FeatureActors.Persistence.Sql.Postgres;
using Npgsql;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>Commands against a database that nodes share.</summary>
[Collection(NodeServers.Name)]
[Trait("Category", "Cluster")]
public sealed class CommandsOnPostgresTests(PostgresFixture postgres)
{
    private readonly string _namespace = $"n{Guid.NewGuid():N}";

    [Fact]
    public async Task Definitions_are_planned_and_applied_and_dead_letters_are_listed_in_the_database()
    {
        using var folder = new LiveFolder();
        string definitions = folder.Write("definitions.conf", ChaosDefinitions.Text(_namespace, "t"));
        string config = folder.Write("node.conf", string.Create(CultureInfo.InvariantCulture, $$"""
            fa {
              definitions = "definitions.conf", log = kafka, kafka.bootstrap-servers = "127.0.0.1:1", store = postgres
              postgres {
                host = "127.0.0.1", port = {{postgres.Server.Port}}, database = {{PostgresServer.Database}}, user = {{PostgresServer.UserName}}
                password-file = "{{folder.Write("password", "secret-word\n")}}"
              }
            }
            """));

        Assert.Equal(0, (await FaProcess.RunAsync(folder.Path, "plan", "--definitions", definitions, "--config", config)).ExitCode);
        Assert.False(await HasSchemaAsync(), "plan must not create anything");
        (int none, string why) = await FaProcess.RunAsync(folder.Path, "dead-letters", "list", "--config", config);
        Assert.Equal(2, none);
        Assert.Contains($"there is no schema fa_{_namespace}", why, StringComparison.Ordinal);

        (int applied, string text) = await FaProcess.RunAsync(folder.Path, "apply", "--definitions", definitions, "--config", config);
        Assert.True(applied == 0 && text.Contains("version 1", StringComparison.Ordinal), text);
        await using (PostgresStores stores = await PostgresStores.OpenAsync(PostgresSettings.For(postgres.Server, $"fa_{_namespace}"), default))
        {
            await stores.DeadLetters.AddAsync(
                [new DeadLetter { Source = "events", Partition = 1, Offset = 7, Reason = "malformed-json", Error = "no object", AtMs = 1, Length = 0 }], default);
        }

        (int listed, string letters) = await FaProcess.RunAsync(folder.Path, "dead-letters", "list", "--config", config);
        Assert.Equal(0, listed);
        Assert.Contains("events-1@7  malformed-json: no object", letters, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-word", why + text + letters, StringComparison.Ordinal);
    }

    private async Task<bool> HasSchemaAsync()
    {
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(postgres.Server.ConnectionString + ";Pooling=false");
        await using NpgsqlCommand command = source.CreateCommand($"SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'fa_{_namespace}')");
        return (bool)(await command.ExecuteScalarAsync())!;
    }
}

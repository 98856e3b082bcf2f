using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Persistence.Sql.Sqlite;

namespace FeatureActors.Persistence.Sql.Tests.Sqlite;

/// <summary>Files of every schema version, kept as the SQL that makes them, are opened, understood and written on.</summary>
public sealed class GoldenFilesTests
{
    private static readonly ShardId Shard = new("item", 0);
    private static readonly ShardIdentity Identity = new(2, "hash-1", "identity-1");
    private static readonly CancellationToken None = CancellationToken.None;

    public static TheoryData<string> Generations { get; } =
        [.. Directory.EnumerateDirectories(Path.Combine(AppContext.BaseDirectory, "Sqlite", "Golden")).Select(static d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Generations))]
    public async Task Checkpoint_of_every_generation_is_taken_over_and_written_on(string generation)
    {
        await using TemporaryStores temporary = Unpack(generation);
        ICheckpointStore store = (await temporary.OpenAsync()).Checkpoints;

        ShardCheckpoint taken = await store.AcquireAsync(Shard, Identity, new ShardOwner("node-2", ""), None);
        IReadOnlyList<StoredEntity> due = await store.ReadDueAsync(Shard, 1_700_000_060_000, null, 10, None);
        IReadOnlyList<StoredEntity> unpublished = await store.ReadKeysAsync(Shard, default, onlyUnpublished: true, 10, None);

        Assert.Equal((42L, 9L, 500L, 1_700_000_000_000, 450L, 176_093_659_136, 2L, true), (
            taken.Epoch.Value, taken.Header.CheckpointId, taken.Header.NextOffset, taken.Header.ClockMs, taken.Header.PublishedPosition,
            taken.Header.PublishedBatch, taken.EntityCount, taken.HasUnpublished));
        Assert.Equal("0A0B", Convert.ToHexString(taken.Header.Marks.Span));
        Assert.Equal(("6B31", "AA01"), Text(Assert.Single(due)));
        Assert.Equal(("6B32", "AA02"), Text(Assert.Single(unpublished)));

        ShardHeader next = taken.Header with { Epoch = taken.Epoch, CheckpointId = 10, NextOffset = 501 };
        var written = new CheckpointWrite(next, [new StoredEntity("k3"u8.ToArray(), "x"u8.ToArray(), 5, false)]);
        Assert.Equal(CommitOutcome.Committed, await store.CommitAsync(Shard, taken.Epoch, written, None));
        store = (await temporary.ReopenAsync()).Checkpoints;
        Assert.Equal((10L, 501L), await store.ReadHeaderAsync(Shard, None) is var h ? (h.CheckpointId, h.NextOffset) : default);
    }

    [Theory]
    [MemberData(nameof(Generations))]
    public async Task Catalog_of_every_generation_keeps_definitions_positions_and_dead_letters(string generation)
    {
        await using TemporaryStores temporary = Unpack(generation);
        SqliteStores stores = await temporary.OpenAsync();

        DefinitionsSnapshot? definitions = await stores.Definitions.ReadAsync("shop", None);
        SourcePosition? position = await stores.Positions.ReadAsync("purchases", 3, None);
        DeadLetter? letter = await stores.DeadLetters.ReadAsync(7, None);

        Assert.NotNull(definitions);
        Assert.Equal((2L, "namespace = shop # 2", 2000L), (definitions.Version, definitions.Text, definitions.AppliedAtMs));
        Assert.Equal(
            ["Column 1 purchases.user_id True", "Feature 1 sales.buys True", "Feature 2 sales.gone False", "Group 0 sales True"],
            definitions.Numbers.Select(static n => $"{n.Kind} {n.Number} {n.Name} {n.IsLive}").Order(StringComparer.Ordinal));
        Assert.Equal([1, 1], definitions.Numbers.Where(static n => n.Kind == NumberKind.Feature).Select(static n => n.SinceVersion));
        Assert.Equal("namespace = shop", await stores.Definitions.ReadTextAsync("shop", 1, None));
        Assert.Equal(new SourcePosition("purchases", 3, 1, 12_345, 2, 77), position);
        var next = new DefinitionsStart("purchases", 3, 1, 3, 20_000);
        Assert.Equal([next with { Version = 2, From = 77 }, next], await stores.Positions.BeginVersionAsync(next, None));
        Assert.NotNull(letter);
        Assert.Equal(("buys", "value is not finite", "010203"), (letter.Feature, letter.Error, Convert.ToHexString(letter.Bytes.Span)));
    }

    [Theory]
    [MemberData(nameof(Generations))]
    public async Task Log_of_every_generation_is_read_and_appended_to(string generation)
    {
        await using TemporaryStores temporary = Unpack(generation);
        IShardLog log = (await temporary.OpenAsync()).Log;

        Assert.Equal("identity-1", await log.OpenAsync("item", 1, None));
        Assert.Equal(500, await log.AppendAsync(Shard, "new"u8.ToArray(), None));
        await using IShardLogReader reader = await log.ReadFromAsync(Shard, 498, None);
        var read = new List<string>();
        while (read.Count < 3)
        {
            read.AddRange((await reader.ReadAsync(1 << 20, None)).Select(static e => $"{e.Offset} {Convert.ToHexString(e.Batch.Span)}"));
        }

        Assert.Equal(["498 01", "499 0203", "500 6E6577"], read);
    }

    private static (string Key, string State) Text(StoredEntity entity) =>
        (Convert.ToHexString(entity.Key.Span), Convert.ToHexString(entity.State.Span));

    private static TemporaryStores Unpack(string generation)
    {
        var temporary = new TemporaryStores(new SqliteStoreOptions());
        foreach (string script in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Sqlite", "Golden", generation), "*.sql"))
        {
            using SqliteDatabase database = SqliteDatabase.OpenWriter(
                Path.Combine(temporary.Directory, Path.GetFileNameWithoutExtension(script) + ".db"),
                new SqliteFileProfile(4096, 512, 1024 * 1024, SqliteDurability.Process, 0),
                []);
            database.Execute(File.ReadAllText(script));
        }

        return temporary;
    }
}

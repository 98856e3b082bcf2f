using FeatureActors.Abstractions.Ports;
using Xunit;

namespace FeatureActors.TestKit.Contracts;

/// <summary>What every <see cref="IDefinitionStore"/> does.</summary>
public abstract class DefinitionStoreContract
{
    private static readonly AssignedNumber Feature = new(NumberKind.Feature, "item", 1, "sales.buys", "count;1m", 10, "1h=10", true) { SinceVersion = 1 };
    private static readonly AssignedNumber Column = new(NumberKind.Column, "item", 1, "purchases.value", "double", 10, "", true);
    private static readonly AssignedNumber Group = new(NumberKind.Group, "item", 0, "sales", "", 10, "", true);
    private static readonly DefinitionsSnapshot First = new("shop", 1, "namespace = shop", 10, [Feature, Column, Group]);
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>The store under test; empty at first, the same one within a test.</summary>
    protected abstract ValueTask<IDefinitionStore> OpenAsync();

    /// <summary>The store after its node was restarted; the same one where a restart means nothing.</summary>
    protected virtual ValueTask<IDefinitionStore> ReopenAsync() => OpenAsync();

    [Fact]
    public async Task Version_is_read_back_whole_after_a_restart_and_other_namespaces_are_absent()
    {
        var store = await OpenAsync();
        Assert.Null(await store.ReadAsync("shop", None));
        Assert.True(await store.TryStoreAsync(First, None));

        store = await ReopenAsync();

        AssertSame(First, await store.ReadAsync("shop", None));
        Assert.Null(await store.ReadAsync("other", None));
    }

    [Fact]
    public async Task Only_the_next_version_is_stored()
    {
        var store = await OpenAsync();
        Assert.False(await store.TryStoreAsync(First with { Version = 2 }, None));
        Assert.True(await store.TryStoreAsync(First, None));
        Assert.False(await store.TryStoreAsync(First with { Text = "faster" }, None));
        Assert.False(await store.TryStoreAsync(First with { Version = 3 }, None));
        AssertSame(First, await store.ReadAsync("shop", None));
    }

    [Fact]
    public async Task Of_two_that_store_the_same_version_one_wins()
    {
        var store = await OpenAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
            await store.TryStoreAsync(First, None))));
        Assert.Single(answers, static isStored => isStored);
    }

    [Fact]
    public async Task Next_version_adds_numbers_and_changes_what_may_change()
    {
        var store = await OpenAsync();
        await store.TryStoreAsync(First, None);
        var second = First with
        {
            Version = 2,
            Numbers = [Feature with { IsLive = false }, Feature with { Number = 2, Shape = "count;1s", Windows = "1h=20,1d=20", SinceVersion = 2 }, Column, Group],
        };

        Assert.True(await store.TryStoreAsync(second, None));

        AssertSame(second, await store.ReadAsync("shop", None));
    }

    [Fact]
    public async Task Texts_of_all_versions_are_kept()
    {
        var store = await OpenAsync();
        await store.TryStoreAsync(First, None);
        await store.TryStoreAsync(First with { Version = 2, Text = "namespace = shop # 2" }, None);

        store = await ReopenAsync();

        Assert.Equal("namespace = shop", await store.ReadTextAsync("shop", 1, None));
        Assert.Equal("namespace = shop # 2", await store.ReadTextAsync("shop", 2, None));
        Assert.Null(await store.ReadTextAsync("shop", 3, None));
        Assert.Null(await store.ReadTextAsync("other", 1, None));
    }

    [Fact]
    public async Task Number_left_out_or_given_another_name_or_shape_is_misuse_and_stores_nothing()
    {
        var store = await OpenAsync();
        await store.TryStoreAsync(First, None);

        await AssertMisuseAsync(store, [Column, Group]);
        await AssertMisuseAsync(store, [Feature with { Shape = "sum;1m" }, Column, Group]);
        await AssertMisuseAsync(store, [Feature, Column with { Name = "purchases.price" }, Group]);

        AssertSame(First, await store.ReadAsync("shop", None));
    }

    private static async Task AssertMisuseAsync(IDefinitionStore store, IReadOnlyList<AssignedNumber> numbers) =>
        await Assert.ThrowsAsync<InvalidOperationException>(async () =>
            await store.TryStoreAsync(First with { Version = 2, Numbers = numbers }, None));

    private static void AssertSame(DefinitionsSnapshot expected, DefinitionsSnapshot? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(Sorted(expected), Sorted(actual));
        Assert.Equal(
            (expected.Namespace, expected.Version, expected.Text, expected.AppliedAtMs),
            (actual.Namespace, actual.Version, actual.Text, actual.AppliedAtMs));
    }

    private static IEnumerable<AssignedNumber> Sorted(DefinitionsSnapshot snapshot) =>
        snapshot.Numbers.OrderBy(static number => (number.Kind, number.Entity, number.Number));
}

using FeatureActors.Abstractions.Ports;
using Xunit;

namespace FeatureActors.TestKit.Contracts;

/// <summary>What every <see cref="ISourcePositions"/> does.</summary>
public abstract class SourcePositionsContract
{
    private static readonly SourcePosition Stored = new("purchases", 2, 1, 100, 5, 40);
    private static readonly CancellationToken None = CancellationToken.None;

    /// <summary>The store under test; empty at first, the same one within a test.</summary>
    protected abstract ValueTask<ISourcePositions> OpenAsync();

    /// <summary>The store after its node was restarted; the same one where a restart means nothing.</summary>
    protected virtual ValueTask<ISourcePositions> ReopenAsync() => OpenAsync();

    [Fact]
    public async Task Saved_positions_are_read_back_after_a_restart_and_others_are_absent()
    {
        var positions = await OpenAsync();
        await positions.SaveAsync([Stored, Stored with { Partition = 3, NextOffset = 7 }], None);

        positions = await ReopenAsync();

        Assert.Equal(Stored, await positions.ReadAsync("purchases", 2, None));
        Assert.Equal(7, (await positions.ReadAsync("purchases", 3, None))?.NextOffset);
        Assert.Null(await positions.ReadAsync("purchases", 0, None));
        Assert.Null(await positions.ReadAsync("views", 2, None));
    }

    [Fact]
    public async Task Position_never_falls_within_a_lane()
    {
        await AssertLeavesAsync(Stored with { NextOffset = 99, DefinitionsVersion = 6 });
    }

    [Fact]
    public async Task Lane_never_falls()
    {
        await AssertLeavesAsync(Stored with { Lane = 0, NextOffset = 1_000 });
    }

    [Fact]
    public async Task Definitions_version_never_falls_within_a_lane()
    {
        await AssertLeavesAsync(Stored with { NextOffset = 101, DefinitionsVersion = 4 });
    }

    [Fact]
    public async Task Same_or_higher_position_and_a_higher_lane_replace()
    {
        await AssertReplacesAsync(Stored with { DefinitionsVersion = 6, DefinitionsFrom = 100 });
        await AssertReplacesAsync(Stored with { NextOffset = 200, DefinitionsVersion = 6, DefinitionsFrom = 100 });
        await AssertReplacesAsync(Stored with { Lane = 2, NextOffset = 0, DefinitionsVersion = 1, DefinitionsFrom = 0 });
    }

    [Fact]
    public async Task First_version_of_a_lane_begins_at_its_beginning_whatever_offset_is_asked_for()
    {
        var positions = await OpenAsync();
        Assert.Equal([Start(3, 0)], await positions.BeginVersionAsync(Start(3, 70), None));
        Assert.Equal([Start(3, 0)], await positions.BeginVersionAsync(Start(3, 80), None));
    }

    [Fact]
    public async Task Who_is_first_says_where_a_version_begins_and_a_restart_finds_it_there()
    {
        var positions = await OpenAsync();
        await positions.SaveAsync([Stored], None);
        DefinitionsStart[] course = [Start(5, 40), Start(6, 120)];
        Assert.Equal(course, await positions.BeginVersionAsync(Start(6, 120), None));
        Assert.Equal(course, await positions.BeginVersionAsync(Start(6, 150), None));

        positions = await ReopenAsync();

        Assert.Equal(course, await positions.BeginVersionAsync(Start(6, 200), None));
    }

    [Fact]
    public async Task Of_many_that_begin_one_version_at_the_same_time_one_says_where()
    {
        var positions = await OpenAsync();
        await positions.SaveAsync([Stored], None);
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(async () =>
            await positions.BeginVersionAsync(Start(6, 120 + i), None))));
        Assert.All(answers, a => Assert.Equal(answers[0], a));
        Assert.Equal(2, answers[0].Count);
    }

    [Fact]
    public async Task Version_never_begins_below_the_saved_position_or_the_version_before_it()
    {
        var positions = await OpenAsync();
        await positions.SaveAsync([Stored], None);
        Assert.Equal([Start(5, 40), Start(6, 100)], await positions.BeginVersionAsync(Start(6, 90), None));
        Assert.Equal([Start(5, 40), Start(6, 100), Start(8, 130)], await positions.BeginVersionAsync(Start(8, 130), None));
        Assert.Equal([Start(5, 40), Start(6, 100), Start(8, 130), Start(9, 130)], await positions.BeginVersionAsync(Start(9, 110), None));
    }

    [Fact]
    public async Task Version_that_is_in_force_or_older_than_one_in_force_is_not_begun()
    {
        var positions = await OpenAsync();
        await positions.SaveAsync([Stored], None);
        Assert.Equal([Start(5, 40)], await positions.BeginVersionAsync(Start(5, 120), None));
        Assert.Equal([Start(5, 40)], await positions.BeginVersionAsync(Start(4, 120), None));
        await positions.BeginVersionAsync(Start(8, 130), None);
        Assert.Equal([Start(5, 40), Start(8, 130)], await positions.BeginVersionAsync(Start(7, 140), None));
    }

    [Fact]
    public async Task Announced_version_begins_where_the_first_says_who_knows()
    {
        var positions = await OpenAsync();
        await positions.SaveAsync([Stored], None);
        DefinitionsStart announced = Start(6, DefinitionsStart.Announced);
        Assert.Equal([Start(5, 40), announced], await positions.BeginVersionAsync(announced, None));
        Assert.Equal([Start(5, 40), announced], await positions.BeginVersionAsync(announced, None));
        Assert.Equal([Start(5, 40), announced], await positions.BeginVersionAsync(Start(5, 110), None));

        positions = await ReopenAsync();

        Assert.Equal([Start(5, 40), Start(6, 120)], await positions.BeginVersionAsync(Start(6, 120), None));
        Assert.Equal([Start(5, 40), Start(6, 120)], await positions.BeginVersionAsync(announced, None));
        Assert.Equal([Start(5, 40), Start(6, 120)], await positions.BeginVersionAsync(Start(6, 150), None));
    }

    [Fact]
    public async Task First_version_of_a_lane_that_is_announced_begins_at_its_beginning()
    {
        var positions = await OpenAsync();
        Assert.Equal([Start(3, 0)], await positions.BeginVersionAsync(Start(3, DefinitionsStart.Announced), None));
    }

    [Fact]
    public async Task Version_that_was_only_announced_gives_way_to_a_newer_one()
    {
        var positions = await OpenAsync();
        await positions.SaveAsync([Stored], None);
        await positions.BeginVersionAsync(Start(6, DefinitionsStart.Announced), None);
        Assert.Equal(
            [Start(5, 40), Start(6, DefinitionsStart.Announced), Start(7, 130)], await positions.BeginVersionAsync(Start(7, 130), None));
        Assert.Equal(
            [Start(5, 40), Start(6, DefinitionsStart.Announced), Start(7, 130)], await positions.BeginVersionAsync(Start(6, 140), None));
    }

    [Fact]
    public async Task Node_of_older_definitions_saves_no_position_once_newer_ones_are_announced()
    {
        var positions = await OpenAsync();
        await positions.SaveAsync([Stored], None);
        await positions.BeginVersionAsync(Start(6, DefinitionsStart.Announced), None);
        await positions.SaveAsync([Stored with { NextOffset = 150 }], None);
        Assert.Equal(Stored, await positions.ReadAsync("purchases", 2, None));

        await positions.SaveAsync([Stored with { NextOffset = 160, NodeVersion = 6 }], None);
        Assert.Equal(Stored with { NextOffset = 160 }, await positions.ReadAsync("purchases", 2, None));
        await positions.BeginVersionAsync(Start(6, 170), None);
        await positions.SaveAsync([Stored with { NextOffset = 165 }], None);
        Assert.Equal(Stored with { NextOffset = 160 }, await positions.ReadAsync("purchases", 2, None));
        await positions.SaveAsync([Stored with { Partition = 7, NextOffset = 165 }], None);
        Assert.Equal(165, (await positions.ReadAsync("purchases", 7, None))?.NextOffset);
    }

    [Fact]
    public async Task What_lies_below_the_saved_position_is_forgotten_and_a_new_lane_begins_anew()
    {
        var positions = await OpenAsync();
        await positions.SaveAsync([Stored], None);
        await positions.BeginVersionAsync(Start(6, 120), None);
        await positions.SaveAsync([Stored with { NextOffset = 130, DefinitionsVersion = 6, DefinitionsFrom = 120 }], None);
        Assert.Equal([Start(6, 120)], await positions.BeginVersionAsync(Start(6, 140), None));

        Assert.Equal([Start(6, 0) with { Lane = 2 }], await positions.BeginVersionAsync(Start(6, 140) with { Lane = 2 }, None));
        Assert.Equal([Start(6, 120)], await positions.BeginVersionAsync(Start(6, 140), None));
        await positions.SaveAsync([Stored with { Lane = 2, NextOffset = 5, DefinitionsVersion = 6, DefinitionsFrom = 0 }], None);
        Assert.Empty(await positions.BeginVersionAsync(Start(7, 140), None));
        Assert.Equal([Start(6, 0) with { Lane = 2 }, Start(7, 9) with { Lane = 2 }], await positions.BeginVersionAsync(Start(7, 9) with { Lane = 2 }, None));
    }

    [Fact]
    public async Task Source_partitions_have_versions_of_their_own()
    {
        var positions = await OpenAsync();
        await positions.BeginVersionAsync(Start(3, 0), None);
        Assert.Equal([Start(4, 0) with { Partition = 3 }], await positions.BeginVersionAsync(Start(4, 70) with { Partition = 3 }, None));
        Assert.Equal([Start(4, 0) with { Source = "views" }], await positions.BeginVersionAsync(Start(4, 70) with { Source = "views" }, None));
        Assert.Equal([Start(3, 0), Start(4, 70)], await positions.BeginVersionAsync(Start(4, 70), None));
    }

    private static DefinitionsStart Start(long version, long from) => new(Stored.Source, Stored.Partition, Stored.Lane, version, from);

    private async Task AssertLeavesAsync(SourcePosition lower)
    {
        var positions = await OpenAsync();
        await positions.SaveAsync([Stored], None);
        await positions.SaveAsync([lower], None);
        Assert.Equal(Stored, await positions.ReadAsync("purchases", 2, None));
    }

    private async Task AssertReplacesAsync(SourcePosition higher)
    {
        var positions = await OpenAsync();
        await positions.SaveAsync([higher], None);
        Assert.Equal(higher, await positions.ReadAsync("purchases", 2, None));
    }
}

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

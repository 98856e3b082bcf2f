using FeatureActors.Histories.Tests.Driving;
using FeatureActors.Histories.Tests.Generation;

namespace FeatureActors.Histories.Tests;

/// <summary>What the share of histories through a whole shard is worth: faults planted behind it are reported.</summary>
public sealed class ShardTriggerTests
{
    private const int HistoriesMax = 2_000;

    [Fact]
    public void A_row_that_is_lost_on_its_way_to_the_sink_is_reported() =>
        Find("a lost row", static h => HistoryBatchOf(h, PlantedFault.RowLost));

    [Theory]
    [InlineData("change")]
    [InlineData("when")]
    public void A_trigger_whose_bound_is_off_is_reported(string kind) =>
        Find($"a wrong bound of {kind}", h => h.Group.Trigger.Kind != kind ? null : HistoryBatchOf(h, PlantedFault.WrongTrigger));

    [Theory]
    [InlineData("update")]
    [InlineData("timer")]
    public void A_trigger_that_comes_too_late_is_reported(string kind) =>
        Find($"a late {kind}", h => h.Group.Trigger.Kind != kind ? null : HistoryBatchOf(h, PlantedFault.WrongTrigger));

    private static string? HistoryBatchOf(History history, PlantedFault fault)
    {
        long comparisons = 0;
        return HistoryBatch.Check(history, fault, ref comparisons);
    }

    private static void Find(string what, Func<History, string?> run)
    {
        int first = Random.Shared.Next(1, 1_000_000_000);
        for (int i = 0; i < HistoriesMax; i++)
        {
            if (run(HistoryGenerator.Make(first + i, isOfShard: true)) is { } difference
                && !difference.StartsWith("the definitions are refused", StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"{what} was not reported by {HistoriesMax} histories from seed {first}");
    }
}

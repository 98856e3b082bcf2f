using FeatureActors.Histories.Tests.Driving;
using FeatureActors.Histories.Tests.Generation;

namespace FeatureActors.Histories.Tests;

/// <summary>What the share of histories through a whole shard is worth.</summary>
public sealed class ShardTriggerTests
{
    private const int HistoriesMax = 300;

    [Fact]
    public void A_row_that_is_lost_on_its_way_to_the_sink_is_reported()
    {
        int first = Random.Shared.Next(1, 1_000_000_000);
        for (int i = 0; i < HistoriesMax; i++)
        {
            long comparisons = 0;
            if (HistoryBatch.Check(HistoryGenerator.Make(first + i, isOfShard: true), PlantedFault.RowLost, ref comparisons) is not null)
            {
                return;
            }
        }

        Assert.Fail($"no lost row was reported by {HistoriesMax} histories from seed {first}");
    }
}

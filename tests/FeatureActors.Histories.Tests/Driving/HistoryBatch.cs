using FeatureActors.Core.Definitions;
using FeatureActors.Histories.Tests.Generation;
using FeatureActors.Histories.Tests.Model;

namespace FeatureActors.Histories.Tests.Driving;

/// <summary>Many histories on all processors.</summary>
internal sealed class HistoryBatch
{
    private const int FailuresKept = 20;
    private const int ShardShare = 8;

    private readonly Lock _lock = new();
    private long _comparisons;
    private long _rows;

    public HistoryCoverage Coverage { get; } = new();

    public List<string> Failures { get; } = [];

    public int FailureCount { get; private set; }

    public long Comparisons => _comparisons;

    public long Rows => _rows;

    public static HistoryBatch Run(long seed, int histories)
    {
        var batch = new HistoryBatch();
        Parallel.For(
            0,
            histories,
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            i => batch.RunOne(seed + i));
        return batch;
    }

    /// <summary>Runs one history; null when engine and naive evaluator agree.</summary>
    public static string? Check(History history, PlantedFault fault, ref long comparisons)
    {
        DefinitionsPlan plan;
        try
        {
            plan = EngineUnderTest.Compile(Twist(history.Group, fault).Hocon());
        }
#pragma warning disable CA1031 // Whatever the engine throws is a difference.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return $"the definitions are refused: {error.Message}";
        }

        if (history.IsOfShard)
        {
            return ShardRun.Run(history, plan, fault, ref comparisons);
        }

        if (fault is PlantedFault.DoubleMerge or PlantedFault.LostMerge)
        {
            int times = fault == PlantedFault.DoubleMerge ? 2 : 0;
            plan = plan with
            {
                Entities = [.. plan.Entities.Select(e => e with { Features = [.. e.Features.Select(f => f with { Aggregate = new WrongMerging(f.Aggregate, times) })] })],
            };
        }

        return HistoryRun.Run(history, new EngineUnderTest(plan), fault, ref comparisons);
    }

    private static GroupSpec Twist(GroupSpec group, PlantedFault fault) => fault switch
    {
        PlantedFault.WrongBound => group with { Features = [.. group.Features.Select(static f => f with { Windows = [.. f.Windows.Select(WindowForms.Wrong)] })] },
        PlantedFault.WrongTrigger => group with { Trigger = Wrong(group.Trigger) },
        _ => group,
    };

    private static TriggerSpec Wrong(TriggerSpec trigger) => trigger.Kind switch
    {
        "update" => TriggerSpec.Update(trigger.Ms + 50),
        "timer" => TriggerSpec.Timer(trigger.Ms * 2),
        "change" => TriggerSpec.Change(trigger.Field!, trigger.By * 2, trigger.IsRelative, trigger.Ms),
        "when" => TriggerSpec.When(trigger.Field!, trigger.By + 2, trigger.Ms),
        _ => trigger,
    };

    private void RunOne(long seed)
    {
        // Whole shards take longer, and are what triggers need.
        History history = HistoryGenerator.Make(seed, isOfShard: seed % ShardShare == 0);
        long comparisons = 0;
        string? failure = Check(history, PlantedFault.None, ref comparisons);
        Interlocked.Add(ref _comparisons, comparisons);
        Interlocked.Add(ref _rows, history.Rows.Count);
        lock (_lock)
        {
            Coverage.Add(history);
            if (failure is null)
            {
                return;
            }

            FailureCount++;
            if (Failures.Count < FailuresKept)
            {
                (History small, string reason) = Shrinker.Shrink(history, failure);
                Failures.Add($"{reason}\n{small.Show()}");
            }
        }
    }
}

using FeatureActors.Core.Definitions;

namespace FeatureActors.Core.Plugins;

/// <summary>Plans whose plug-ins can be exchanged.</summary>
public static class SupervisedPlan
{
    /// <summary>The plan for one shard: its aggregates of plug-ins are its own, to be exchanged between two of its steps.</summary>
    /// <param name="plan">The plan that all shards share.</param>
    /// <param name="watch">Told of the shard's calls of plug-ins.</param>
    public static EntityPlan ForShard(this EntityPlan plan, PluginCallWatch watch)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return plan.Features.Any(static f => f.Aggregate is PluginAggregate)
            ? plan with { Features = [.. plan.Features.Select(f => f.Aggregate is PluginAggregate p ? f with { Aggregate = p.ForShard(watch) } : f)] }
            : plan;
    }

    /// <summary>Tells each feature of a plug-in by what name people know it: <c>group.feature</c>.</summary>
    public static void NameParts(this EntityPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        foreach (FeaturePlan feature in plan.Features)
        {
            if (feature.Aggregate is PluginAggregate plugin)
            {
                plugin.Part.Name = $"{plan.Groups[feature.Group].Name}.{feature.Name}";
            }
        }
    }

    /// <summary>The uses of plug-ins by features of the plan.</summary>
    public static IEnumerable<PluginPart> Parts(this EntityPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return plan.Features.Select(static f => (f.Aggregate as PluginAggregate)?.Part).OfType<PluginPart>().Distinct();
    }
}

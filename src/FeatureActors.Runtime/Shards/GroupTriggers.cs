using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Definitions;

namespace FeatureActors.Runtime.Shards;

/// <summary>Which kinds of triggers a group has; slot expiry is always there.</summary>
internal sealed class GroupTriggers
{
    /// <summary>Reads the triggers of a group.</summary>
    /// <param name="plan">The group.</param>
    /// <param name="place">Its place.</param>
    /// <param name="queues">Receives a queue for each trigger on the node's clock.</param>
    public GroupTriggers(GroupPlan plan, int place, List<TriggerQueue> queues)
    {
        Queues = new TriggerQueue?[plan.Triggers.Count];
        for (int i = 0; i < plan.Triggers.Count; i++)
        {
            bool isValue = plan.Triggers[i].Value is not null;
            HasValue |= isValue;
            HasPlain |= !isValue;
            if (plan.Triggers[i].Trigger.Clock == TriggerClock.Processing)
            {
                Queues[i] = new TriggerQueue(place, isValue);
                queues.Add(Queues[i]!);
            }
            else
            {
                HasShardClockValue |= isValue;
                HasShardClockPlain |= !isValue;
            }
        }
    }

    /// <summary>The queue of each trigger; null for one on the shard's clock, which waits in the timing wheel.</summary>
    public TriggerQueue?[] Queues { get; }

    /// <summary>True when some trigger looks at values.</summary>
    public bool HasValue { get; }

    /// <summary>True when some trigger writes whatever the values are.</summary>
    public bool HasPlain { get; }

    /// <summary>True when some trigger on the shard's clock looks at values.</summary>
    public bool HasShardClockValue { get; }

    /// <summary>True when some trigger on the shard's clock writes whatever the values are.</summary>
    public bool HasShardClockPlain { get; }
}

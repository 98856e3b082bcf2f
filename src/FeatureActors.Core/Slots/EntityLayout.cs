using System.Text;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Core.Slots;

/// <summary>Where things stand in the blocks of one entity type under one version of the definitions.</summary>
public sealed class EntityLayout
{
    internal const int HeaderBytes = 12;
    internal const int GroupBytes = 32;

    private readonly Dictionary<int, int> _featureByNumber = [];
    private readonly Dictionary<int, int> _groupByNumber = [];
    private readonly Dictionary<ulong, int> _triggerBytes = [];

    /// <summary>Layout for <paramref name="plan"/>.</summary>
    public EntityLayout(EntityPlan plan)
    {
        Plan = plan;
        DirectoryOffset = HeaderBytes + (plan.Groups.Count * GroupBytes);
        Features = [.. plan.Features];
        TypeHashes = [.. plan.Features.Select(static f => (uint)StableHash.Of(Encoding.UTF8.GetBytes(f.Type)))];
        for (int i = 0; i < plan.Features.Count; i++)
        {
            _featureByNumber.Add(plan.Features[i].Number, i);
        }

        for (int i = 0; i < plan.Groups.Count; i++)
        {
            _groupByNumber.Add(plan.Groups[i].Number, i);
            foreach (TriggerPlan trigger in plan.Groups[i].Triggers.Where(static t => t.Value is not null))
            {
                _triggerBytes.Add(trigger.Id, trigger.Value!.StateBytes);
            }
        }

        // Where no trigger can remember anything, a place for it would be four bytes of every entity.
        Places = TriggersIndex + (_triggerBytes.Count > 0 ? 1 : 0);
        KeyOffset = DirectoryOffset + (Places * sizeof(int));
    }

    /// <summary>The plan.</summary>
    public EntityPlan Plan { get; }

    internal int DirectoryOffset { get; }

    /// <summary>Places in the directory.</summary>
    internal int Places { get; }

    internal int KeyOffset { get; }

    internal FeaturePlan[] Features { get; }

    internal uint[] TypeHashes { get; }

    /// <summary>Place in the directory of the remembered event ids: behind the features.</summary>
    internal int EventIdsIndex => Features.Length;

    /// <summary>Place in the directory of what triggers remember: behind the event ids, where some trigger looks at values.</summary>
    internal int TriggersIndex => Features.Length + 1;

    /// <summary>Bytes of state of the trigger with that id; −1 when there is none.</summary>
    internal int TriggerBytesOf(ulong id) => _triggerBytes.GetValueOrDefault(id, -1);

    internal bool TryGetFeature(int number, out int index) => _featureByNumber.TryGetValue(number, out index);

    internal bool TryGetGroup(int number, out int index) => _groupByNumber.TryGetValue(number, out index);
}

using System.Text;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Core.Slots;

/// <summary>Where things stand in the blocks of one entity type under one version of the definitions.</summary>
public sealed class EntityLayout
{
    internal const int HeaderBytes = 16;
    internal const int GroupBytes = 32;

    private readonly Dictionary<int, int> _featureByNumber = [];
    private readonly Dictionary<int, int> _groupByNumber = [];

    /// <summary>Layout for <paramref name="plan"/>.</summary>
    public EntityLayout(EntityPlan plan)
    {
        Plan = plan;
        DirectoryOffset = HeaderBytes + (plan.Groups.Count * GroupBytes);
        KeyOffset = DirectoryOffset + ((plan.Features.Count + 1) * sizeof(int));
        Features = [.. plan.Features];
        TypeHashes = [.. plan.Features.Select(static f => (uint)StableHash.Of(Encoding.UTF8.GetBytes(f.Type)))];
        for (int i = 0; i < plan.Features.Count; i++)
        {
            _featureByNumber.Add(plan.Features[i].Number, i);
        }

        for (int i = 0; i < plan.Groups.Count; i++)
        {
            _groupByNumber.Add(plan.Groups[i].Number, i);
        }
    }

    /// <summary>The plan.</summary>
    public EntityPlan Plan { get; }

    internal int DirectoryOffset { get; }

    internal int KeyOffset { get; }

    internal FeaturePlan[] Features { get; }

    internal uint[] TypeHashes { get; }

    /// <summary>Place in the directory of the remembered event ids: behind the features.</summary>
    internal int EventIdsIndex => Features.Length;

    internal bool TryGetFeature(int number, out int index) => _featureByNumber.TryGetValue(number, out index);

    internal bool TryGetGroup(int number, out int index) => _groupByNumber.TryGetValue(number, out index);
}

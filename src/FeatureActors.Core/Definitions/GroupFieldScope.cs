namespace FeatureActors.Core.Definitions;

/// <summary>A field that a group publishes, as far as it is known while definitions are read.</summary>
/// <param name="Name">Name in the feature store: <c>feature:window</c>, or <c>feature</c> for a type without windows.</param>
/// <param name="Feature">Feature name.</param>
/// <param name="IsNumber">True when the value is a single number.</param>
internal sealed record GroupField(string Name, string Feature, bool IsNumber);

/// <summary>What a trigger of a group may name.</summary>
/// <param name="Fields">The fields of the features that could be read.</param>
/// <param name="Wrong">Features that exist, but whose own mistakes were reported: naming them is none.</param>
internal sealed record GroupFieldScope(IReadOnlyList<GroupField> Fields, IReadOnlySet<string> Wrong)
{
    /// <summary>The field called <paramref name="name"/>, or the only one of the feature of that name; null when there is none.</summary>
    public GroupField? Find(string name)
    {
        if (Fields.FirstOrDefault(f => f.Name == name) is { } exact)
        {
            return exact;
        }

        GroupField[] ofFeature = [.. Fields.Where(f => f.Feature == name)];
        return ofFeature.Length == 1 ? ofFeature[0] : null;
    }

    /// <summary>True when <paramref name="name"/> names a field of a feature with mistakes of its own.</summary>
    public bool IsWrong(string name) => Wrong.Contains(name.Split(':')[0]);

    /// <summary>True when <paramref name="name"/> is a feature with more than one field, so that it names none.</summary>
    public bool HasSeveral(string name) => Find(name) is null && Fields.Count(f => f.Feature == name) > 1;

    /// <summary>What to write instead of <paramref name="name"/>.</summary>
    public string? HintFor(string name)
    {
        GroupField[] ofFeature = [.. Fields.Where(f => f.Feature == name)];
        return ofFeature.Length > 1
            ? $"write one of {string.Join(", ", ofFeature.Select(f => f.Name))}"
            : Names.Nearest(name, Fields.Select(f => f.Name));
    }
}

namespace FeatureActors.Client;

/// <summary>One key of one group, to be read together with others.</summary>
/// <param name="Query">What to read.</param>
/// <param name="EntityKey">The entity's key, escaped and joined as <see cref="Abstractions.Identity.EntityKey.Join"/> does.</param>
public readonly record struct FeatureRequest(FeatureQuery Query, string EntityKey)
{
    /// <summary>A request for the entity of these raw key parts.</summary>
    /// <param name="query">What to read.</param>
    /// <param name="parts">The raw parts in the order of the entity's <c>key</c>.</param>
    public static FeatureRequest For(FeatureQuery query, params ReadOnlySpan<string> parts) =>
        new(query, Abstractions.Identity.EntityKey.Join(parts));
}

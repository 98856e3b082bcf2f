namespace FeatureActors.Persistence.Sql.Leases;

/// <summary>Where leases of one kind are kept.</summary>
/// <param name="Members">Table of members.</param>
/// <param name="Leases">Table of leases.</param>
/// <param name="Suffix">What tells them apart where members speak to each other.</param>
internal sealed record LeaseNames(string Members, string Leases, string Suffix)
{
    /// <summary>Leases of shards.</summary>
    public static readonly LeaseNames Shards = new("lease_members", "leases", "");

    /// <summary>Leases of source partitions; the entity is the source. A schema's name holds no slash.</summary>
    public static readonly LeaseNames Sources = new("source_lease_members", "source_leases", "/sources");
}

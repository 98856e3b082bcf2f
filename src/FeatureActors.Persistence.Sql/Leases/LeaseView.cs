namespace FeatureActors.Persistence.Sql.Leases;

/// <summary>The tables of leases at a moment.</summary>
/// <param name="Members">Who there is.</param>
/// <param name="Staying">Those of them that do not leave.</param>
/// <param name="IsSomebodyExpired">True when the time of somebody else is over.</param>
/// <param name="Rows">Who holds what.</param>
internal sealed record LeaseView(HashSet<string> Members, HashSet<string> Staying, bool IsSomebodyExpired, List<LeaseRow> Rows);

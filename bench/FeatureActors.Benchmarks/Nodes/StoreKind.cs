namespace FeatureActors.Benchmarks.Nodes;

/// <summary>Where a node of a benchmark keeps checkpoints.</summary>
internal enum StoreKind
{
    /// <summary>None are made.</summary>
    Off,

    /// <summary>SQLite files in a temporary folder.</summary>
    Sqlite,

    /// <summary>A PostgreSQL server of its own.</summary>
    Postgres,
}

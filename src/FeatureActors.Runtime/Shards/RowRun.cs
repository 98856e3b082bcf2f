namespace FeatureActors.Runtime.Shards;

/// <summary>Rows of one key in a batch that are applied together, or one by one.</summary>
internal struct RowRun
{
    /// <summary>Where all of them go when only their number matters, else −1: they are applied one by one.</summary>
    public int Place;

    /// <summary>How many they are.</summary>
    public int Count;

    /// <summary>How many they are, retractions subtracted.</summary>
    public int Sum;

    /// <summary>The next run of the key; −1 for none, or for its last one.</summary>
    public int Next;

    /// <summary>Latest event time.</summary>
    public long NewestMs;

    /// <summary>Ingest time of the oldest.</summary>
    public long OldestIngestMs;

    /// <summary>Number of its first row.</summary>
    public int FirstRow;

    /// <summary>Number of its last row; of its first one where they are applied together.</summary>
    public int LastRow;
}

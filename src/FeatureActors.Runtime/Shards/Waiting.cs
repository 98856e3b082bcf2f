namespace FeatureActors.Runtime.Shards;

/// <summary>An entity in a queue, and when its turn is; it is there as long as its place has the generation. 12 bytes.</summary>
/// <param name="entity">Its place in the table.</param>
/// <param name="generation">Generation of the place.</param>
/// <param name="dueAtMs">When it is wanted: a monotonic time from 0, of which 48 bits are kept; 0 where time plays no part.</param>
internal readonly struct Waiting(int entity, ushort generation, long dueAtMs)
{
    private readonly int _entity = entity;
    private readonly uint _dueLow = (uint)dueAtMs;
    private readonly ushort _dueHigh = (ushort)(dueAtMs >> 32);
    private readonly ushort _generation = generation;

    public int Entity => _entity;

    public ushort Generation => _generation;

    public long DueAtMs => ((long)_dueHigh << 32) | _dueLow;
}

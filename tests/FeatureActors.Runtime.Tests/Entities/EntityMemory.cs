using FeatureActors.Core.Slots;
using FeatureActors.Core.Windows;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Tests.Entities;

/// <summary>A shard's entities of one feature, as the parts of the shard see them.</summary>
internal sealed class EntityMemory : IDisposable
{
    private readonly EntityLayout _layout = new(BlockPlans.Of(1, [SlidingWindow.Of("a", 1000, 1)]));

    public EntityMemory()
    {
        Block = new EntityBlock(_layout, Store);
        Table = new EntityTable(Store, Block);
        Store.Attach(Table);
    }

    public BlockStore Store { get; } = new(new ChunkPool());

    public EntityBlock Block { get; }

    public EntityTable Table { get; }

    /// <summary>Adds an entity without slots and leaves its block open.</summary>
    public int Add(ReadOnlySpan<byte> key, ulong hash)
    {
        int entity = Table.Add(hash);
        Store.Create(entity, EntityBlock.SizeOfEmpty(_layout, key.Length));
        Block.Create(key);
        return entity;
    }

    /// <summary>Removes an entity with its block.</summary>
    public void Remove(int entity)
    {
        Store.Free(entity);
        Table.Remove(entity);
    }

    public void Dispose() => Store.Dispose();
}

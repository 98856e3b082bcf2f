using System.Buffers.Binary;
using System.Numerics;

namespace FeatureActors.Core.Sharding;

/// <summary>
/// The hash that places keys: XXH64 as its public specification defines it (github.com/Cyan4973/xxHash, doc/xxhash_spec.md),
/// equal on every machine and in every release. Its name is stored with each shard and a difference is refused.
/// </summary>
public static class StableHash
{
    /// <summary>Name and version of the hash from key to partition, kept with every shard.</summary>
    public const string Id = "xxh64-mod-1";

    private const ulong Prime1 = 11400714785074694791;
    private const ulong Prime2 = 14029467366897019727;
    private const ulong Prime3 = 1609587929392839161;
    private const ulong Prime4 = 9650029242287828579;
    private const ulong Prime5 = 2870177450012600261;

    /// <summary>Hash of <paramref name="data"/> under <paramref name="seed"/>.</summary>
    public static ulong Of(ReadOnlySpan<byte> data, ulong seed = 0)
    {
        ulong length = (ulong)data.Length;
        ulong hash;
        if (data.Length >= 32)
        {
            ulong a = unchecked(seed + Prime1 + Prime2);
            ulong b = unchecked(seed + Prime2);
            ulong c = seed;
            ulong d = unchecked(seed - Prime1);
            do
            {
                a = Round(a, BinaryPrimitives.ReadUInt64LittleEndian(data));
                b = Round(b, BinaryPrimitives.ReadUInt64LittleEndian(data[8..]));
                c = Round(c, BinaryPrimitives.ReadUInt64LittleEndian(data[16..]));
                d = Round(d, BinaryPrimitives.ReadUInt64LittleEndian(data[24..]));
                data = data[32..];
            }
            while (data.Length >= 32);

            hash = BitOperations.RotateLeft(a, 1) + BitOperations.RotateLeft(b, 7)
                + BitOperations.RotateLeft(c, 12) + BitOperations.RotateLeft(d, 18);
            hash = Fold(Fold(Fold(Fold(hash, a), b), c), d);
        }
        else
        {
            hash = unchecked(seed + Prime5);
        }

        hash += length;
        while (data.Length >= 8)
        {
            hash ^= Round(0, BinaryPrimitives.ReadUInt64LittleEndian(data));
            hash = (BitOperations.RotateLeft(hash, 27) * Prime1) + Prime4;
            data = data[8..];
        }

        if (data.Length >= 4)
        {
            hash ^= BinaryPrimitives.ReadUInt32LittleEndian(data) * Prime1;
            hash = (BitOperations.RotateLeft(hash, 23) * Prime2) + Prime3;
            data = data[4..];
        }

        foreach (byte b in data)
        {
            hash ^= b * Prime5;
            hash = BitOperations.RotateLeft(hash, 11) * Prime1;
        }

        hash ^= hash >> 33;
        hash *= Prime2;
        hash ^= hash >> 29;
        hash *= Prime3;
        hash ^= hash >> 32;
        return hash;
    }

    /// <summary>Partition of a key hash among <paramref name="partitions"/>.</summary>
    public static int PartitionOf(ulong keyHash, int partitions) => (int)(keyHash % (uint)partitions);

    private static ulong Round(ulong accumulator, ulong input) =>
        BitOperations.RotateLeft(accumulator + (input * Prime2), 31) * Prime1;

    private static ulong Fold(ulong hash, ulong value) => ((hash ^ Round(0, value)) * Prime1) + Prime4;
}

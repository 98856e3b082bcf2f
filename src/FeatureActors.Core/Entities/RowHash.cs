using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Core.Entities;

/// <summary>
/// Orders rows of one event time: <see cref="StableHash"/> over the values of some columns, each seeded by what came before. Equal values have
/// equal hashes, however they are written. Persisted with the rows that a window of last rows keeps.
/// </summary>
internal static class RowHash
{
    private const decimal One = 1.0000000000000000000000000000m;

    public static ulong Of(in RowView row, ReadOnlySpan<FeatureColumn> columns)
    {
        ulong hash = 0;
        Span<byte> bytes = stackalloc byte[16];
        Span<int> parts = stackalloc int[4];
        foreach (FeatureColumn column in columns)
        {
            if (row.IsNull(column.Index))
            {
                hash = StableHash.Of(default, hash);
                continue;
            }

            switch (column.Type)
            {
                case FieldType.String:
                    hash = StableHash.Of(row.GetUtf8(column.Index), hash ^ 1);
                    continue;
                case FieldType.Decimal:
                    // Divided by one with all its decimals, equal numbers have equal bits.
                    decimal.GetBits(row.GetDecimal(column.Index) / One, parts);
                    for (int i = 0; i < parts.Length; i++)
                    {
                        BinaryPrimitives.WriteInt32LittleEndian(bytes[(i * sizeof(int))..], parts[i]);
                    }

                    hash = StableHash.Of(bytes, hash);
                    continue;
                case FieldType.Double:
                    double number = row.GetDouble(column.Index);
                    BinaryPrimitives.WriteDoubleLittleEndian(bytes, number == 0 ? 0 : number);
                    break;
                case FieldType.Boolean:
                    BinaryPrimitives.WriteInt64LittleEndian(bytes, row.GetBoolean(column.Index) ? 1 : 0);
                    break;
                default:
                    BinaryPrimitives.WriteInt64LittleEndian(bytes, row.GetInt64(column.Index));
                    break;
            }

            hash = StableHash.Of(bytes[..sizeof(long)], hash);
        }

        return hash;
    }
}

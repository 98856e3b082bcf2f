using System.Buffers.Binary;

namespace FeatureActors.Core.Payloads;

/// <summary>A column of ids of sub-keys in a payload: ascending, each in as many bytes, 1, 2 or 4, as the widest needs.</summary>
internal static class SubKeyIds
{
    /// <summary>Bytes that an id needs.</summary>
    public static int WidthOf(uint id) => id <= byte.MaxValue ? 1 : id <= ushort.MaxValue ? 2 : 4;

    /// <summary>The id at a place.</summary>
    public static uint Read(ReadOnlySpan<byte> ids, int width, int index) => width switch
    {
        1 => ids[index],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(ids[(index * 2)..]),
        _ => BinaryPrimitives.ReadUInt32LittleEndian(ids[(index * 4)..]),
    };

    /// <summary>Writes an id into the bytes of one.</summary>
    public static void Write(Span<byte> target, uint id)
    {
        switch (target.Length)
        {
            case 1:
                target[0] = (byte)id;
                break;
            case 2:
                BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)id);
                break;
            default:
                BinaryPrimitives.WriteUInt32LittleEndian(target, id);
                break;
        }
    }

    /// <summary>Index of an id, or the complement of the index at which it would stand.</summary>
    public static int IndexOf(ReadOnlySpan<byte> ids, int width, int count, uint id)
    {
        int low = 0;
        int high = count - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            uint found = Read(ids, width, middle);
            if (found == id)
            {
                return middle;
            }

            if (found < id)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return ~low;
    }
}

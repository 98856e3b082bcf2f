using System.Buffers.Binary;

namespace FeatureActors.Redis;

/// <summary>The CRC-64 of Redis dumps (Jones polynomial, reflected, start 0), eight bytes a step.</summary>
internal static class Crc64
{
    private const ulong Polynomial = 0x95AC9329AC4BC9B5;

    private static readonly ulong[] Table = Build();

    public static ulong Compute(ReadOnlySpan<byte> bytes)
    {
        ulong crc = 0;
        ulong[] table = Table;
        while (bytes.Length >= 8)
        {
            crc ^= BinaryPrimitives.ReadUInt64LittleEndian(bytes);
            crc = table[(7 * 256) + (int)(crc & 0xFF)]
                ^ table[(6 * 256) + (int)((crc >> 8) & 0xFF)]
                ^ table[(5 * 256) + (int)((crc >> 16) & 0xFF)]
                ^ table[(4 * 256) + (int)((crc >> 24) & 0xFF)]
                ^ table[(3 * 256) + (int)((crc >> 32) & 0xFF)]
                ^ table[(2 * 256) + (int)((crc >> 40) & 0xFF)]
                ^ table[256 + (int)((crc >> 48) & 0xFF)]
                ^ table[(int)(crc >> 56)];
            bytes = bytes[8..];
        }

        foreach (byte b in bytes)
        {
            crc = table[(int)((crc ^ b) & 0xFF)] ^ (crc >> 8);
        }

        return crc;
    }

    private static ulong[] Build()
    {
        ulong[] table = new ulong[8 * 256];
        for (int i = 0; i < 256; i++)
        {
            ulong crc = (ulong)i;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ Polynomial : crc >> 1;
            }

            table[i] = crc;
        }

        for (int i = 256; i < table.Length; i++)
        {
            table[i] = table[table[i - 256] & 0xFF] ^ (table[i - 256] >> 8);
        }

        return table;
    }
}

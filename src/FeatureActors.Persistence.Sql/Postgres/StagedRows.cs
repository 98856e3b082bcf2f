using System.Buffers;
using System.Buffers.Binary;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Persistence.Sql.Postgres;

/// <summary>
/// Entities as rows (key, next due, unpublished, state) in PostgreSQL's binary form of COPY, written in large pieces: the driver's own
/// writer takes several times the CPU for rows this small.
/// </summary>
internal static class StagedRows
{
    private const int BufferBytes = 128 * 1024;
    private const short Columns = 4;

    // Columns, and the lengths of four values of which two are 8 and 1 bytes long.
    private const int FixedBytes = 2 + (4 * 4) + 8 + 1;

    // Signature, flags, length of the extension of the head.
    private static ReadOnlySpan<byte> Head => [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>Writes all, head and end included.</summary>
    public static async Task WriteAsync(Stream copy, IReadOnlyList<StoredEntity> entities, CancellationToken cancellationToken)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            Head.CopyTo(buffer);
            int used = Head.Length;
            for (int i = 0; i < entities.Count; i++)
            {
                StoredEntity entity = entities[i];
                int bytes = FixedBytes + entity.Key.Length + entity.State.Length;
                if (used + bytes > buffer.Length)
                {
                    await copy.WriteAsync(buffer.AsMemory(0, used), cancellationToken).ConfigureAwait(false);
                    used = 0;
                }

                if (bytes <= buffer.Length)
                {
                    used += Put(buffer.AsSpan(used), entity);
                    entity.State.Span.CopyTo(buffer.AsSpan(used));
                    used += entity.State.Length;
                    continue;
                }

                await copy.WriteAsync(buffer.AsMemory(0, Put(buffer, entity)), cancellationToken).ConfigureAwait(false);
                await copy.WriteAsync(entity.State, cancellationToken).ConfigureAwait(false);
            }

            if (used + sizeof(short) > buffer.Length)
            {
                await copy.WriteAsync(buffer.AsMemory(0, used), cancellationToken).ConfigureAwait(false);
                used = 0;
            }

            BinaryPrimitives.WriteInt16BigEndian(buffer.AsSpan(used), -1);
            await copy.WriteAsync(buffer.AsMemory(0, used + sizeof(short)), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Writes a row up to the length of its state, and answers how many bytes that took.</summary>
    private static int Put(Span<byte> target, in StoredEntity entity)
    {
        BinaryPrimitives.WriteInt16BigEndian(target, Columns);
        BinaryPrimitives.WriteInt32BigEndian(target[2..], entity.Key.Length);
        entity.Key.Span.CopyTo(target[6..]);
        int at = 6 + entity.Key.Length;
        BinaryPrimitives.WriteInt32BigEndian(target[at..], sizeof(long));
        BinaryPrimitives.WriteInt64BigEndian(target[(at + 4)..], entity.NextDueMs);
        BinaryPrimitives.WriteInt32BigEndian(target[(at + 12)..], 1);
        target[at + 16] = entity.IsUnpublished ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32BigEndian(target[(at + 17)..], entity.State.Length);
        return at + 21;
    }
}

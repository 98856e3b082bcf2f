#if FORMAT_PREVIEW
using System.Buffers.Binary;

namespace FeatureActors.Core.Slots;

/// <content>
/// Format 2, of the test build only: what is in format 1, in another order, and its length.
/// <code>
/// format u8 | CRC-32C u32 of all behind | length u32 of all | next due i64 | key length varint
/// sections u16, each as in format 1 | groups u8, each as in format 1 | key
/// </code>
/// </content>
public sealed partial class EntityBlock
{
    private const int PreviewLengthAt = 5;
    private const int PreviewDueAt = 9;
    private const int PreviewKeyLengthAt = 17;

    private int SavePreview(Span<byte> target)
    {
        ReadOnlySpan<byte> key = Key;
        target[0] = 2;
        BinaryPrimitives.WriteInt64LittleEndian(target[PreviewDueAt..], NextDueMs);
        int at = PreviewKeyLengthAt + Varint.Write(target[PreviewKeyLengthAt..], (ulong)key.Length);
        at = SaveGroups(target, SaveSections(target, at));
        key.CopyTo(target[at..]);
        at += key.Length;
        BinaryPrimitives.WriteInt32LittleEndian(target[PreviewLengthAt..], at);
        BinaryPrimitives.WriteUInt32LittleEndian(target[1..], Checksum.Of(target[PreviewLengthAt..at]));
        return at;
    }

    private void LoadPreview(ReadOnlySpan<byte> stored)
    {
        if (stored.Length <= PreviewKeyLengthAt || BinaryPrimitives.ReadInt32LittleEndian(stored[PreviewLengthAt..]) != stored.Length
            || Checksum.Of(stored[PreviewLengthAt..]) != BinaryPrimitives.ReadUInt32LittleEndian(stored[1..]))
        {
            throw new StateFormatException(DamagedText);
        }

        FindRowPreview(stored, out int keyStart, out int keyLength, out _);
        Create(stored.Slice(keyStart, keyLength));
        LoadGroups(stored, LoadSections(stored, PreviewKeyLengthAt + Varint.SizeOf((ulong)keyLength)));
    }

    private static void FindRowPreview(ReadOnlySpan<byte> stored, out int keyStart, out int keyLength, out long nextDueMs)
    {
        int at = PreviewKeyLengthAt;
        keyLength = (int)Varint.Read(stored, ref at);
        keyStart = BinaryPrimitives.ReadInt32LittleEndian(stored[PreviewLengthAt..]) - keyLength;
        nextDueMs = BinaryPrimitives.ReadInt64LittleEndian(stored[PreviewDueAt..]);
    }
}
#endif

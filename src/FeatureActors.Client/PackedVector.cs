using System.Globalization;
using Google.Protobuf;
using StackExchange.Redis;

namespace FeatureActors.Client;

/// <summary>
/// Reads a group's values from its packed form, one Protobuf message whose field N holds the windows of feature number N. Names come
/// from the schema that the message names; values become the text that the hash form would hold.
/// </summary>
internal static class PackedVector
{
    private const int SchemaField = (1 << 29) - 1;

    /// <summary>The schema id of a message, or null when the bytes are none.</summary>
    public static uint? FindSchema(byte[] packed)
    {
        uint? schema = null;
        Walk(packed, (_, _, _) => { }, id => schema = id);
        return schema;
    }

    /// <summary>Gives every value whose name is known.</summary>
    /// <param name="packed">The message.</param>
    /// <param name="names">Name of each (feature number, window), from the schema.</param>
    /// <param name="set">Receives name and value.</param>
    public static void Read(byte[] packed, IReadOnlyDictionary<(int Feature, int Window), string> names, Action<string, RedisValue> set) => Walk(
        packed,
        (feature, window, value) =>
        {
            if (names.TryGetValue((feature, window), out string? name))
            {
                set(name, value);
            }
        },
        static _ => { });

    private static void Walk(byte[] packed, Action<int, int, RedisValue> onValue, Action<uint> onSchema)
    {
        try
        {
            WalkFeatures(packed, onValue, onSchema);
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new FormatException($"could not read a packed group: {e.Message}", e);
        }
    }

    private static void WalkFeatures(byte[] packed, Action<int, int, RedisValue> onValue, Action<uint> onSchema)
    {
        var input = new CodedInputStream(packed);
        while (input.ReadTag() is var tag and not 0)
        {
            int field = WireFormat.GetTagFieldNumber(tag);
            if (field == SchemaField && WireFormat.GetTagWireType(tag) == WireFormat.WireType.Fixed32)
            {
                onSchema(input.ReadFixed32());
            }
            else if (WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
            {
                WalkWindows(field, input.ReadBytes(), onValue);
            }
            else
            {
                input.SkipLastField();
            }
        }
    }

    private static void WalkWindows(int feature, ByteString windows, Action<int, int, RedisValue> onValue)
    {
        CodedInputStream input = windows.CreateCodedInput();
        while (input.ReadTag() is var tag and not 0)
        {
            int field = WireFormat.GetTagFieldNumber(tag);
            RedisValue? value = (field % 8, WireFormat.GetTagWireType(tag)) switch
            {
                (1, WireFormat.WireType.Varint) => input.ReadSInt64(),
                (2, WireFormat.WireType.Fixed64) => input.ReadDouble().ToString("R", CultureInfo.InvariantCulture),
                (3 or 4 or 5, WireFormat.WireType.LengthDelimited) => input.ReadBytes().ToByteArray(),
                _ => null,
            };
            if (value is null)
            {
                // A form of a later release.
                input.SkipLastField();
            }
            else
            {
                onValue(feature, field / 8, value.Value);
            }
        }
    }
}

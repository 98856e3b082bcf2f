using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace FeatureActors.Kafka;

/// <summary>Hands an exact array to the client as it is, and copies anything else, for the client takes only arrays.</summary>
internal sealed class MemorySerializer : ISerializer<ReadOnlyMemory<byte>>
{
    public static readonly MemorySerializer Instance = new();

    public byte[] Serialize(ReadOnlyMemory<byte> data, SerializationContext context) =>
        MemoryMarshal.TryGetArray(data, out var segment) && segment.Offset == 0 && segment.Array!.Length == segment.Count
            ? segment.Array
            : data.ToArray();
}

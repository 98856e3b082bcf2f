using System.Runtime.InteropServices;

namespace FeatureActors.Kafka.Native;

/// <summary><c>rd_kafka_message_t</c>; its layout is part of librdkafka's stable binary interface.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NativeMessage
{
    public int Error;
    public nint Topic;
    public int Partition;
    public byte* Payload;
    public nuint PayloadLength;
    public byte* Key;
    public nuint KeyLength;
    public long Offset;
    public nint Private;

    public readonly ReadOnlySpan<byte> PayloadBytes => new(Payload, checked((int)PayloadLength));

    public readonly ReadOnlySpan<byte> KeyBytes => new(Key, checked((int)KeyLength));
}

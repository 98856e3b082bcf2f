using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace FeatureActors.LocalServers;

/// <summary>
/// Asks a broker what it tells clients about one topic (Kafka protocol, metadata request, version 0). ZooKeeper knows
/// the leaders of a new topic some milliseconds before the broker does, and a consumer that subscribes in between fails.
/// </summary>
internal static class BrokerMetadata
{
    private const short MetadataRequest = 3;
    private const int AnswerBytesMax = 16 * 1024 * 1024;

    /// <summary>How many partitions of the topic have a leader; 0 when the broker does not know the topic.</summary>
    internal static async Task<int> CountServedPartitionsAsync(
        string host, int port, string topic, CancellationToken cancellation)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(host, port, cancellation).ConfigureAwait(false);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Request(topic), cancellation).ConfigureAwait(false);

        byte[] length = new byte[sizeof(int)];
        await stream.ReadExactlyAsync(length, cancellation).ConfigureAwait(false);
        int count = BinaryPrimitives.ReadInt32BigEndian(length);
        if (count is < 0 or > AnswerBytesMax)
        {
            throw new IOException($"the broker announced an answer of {count} bytes");
        }

        byte[] answer = new byte[count];
        await stream.ReadExactlyAsync(answer, cancellation).ConfigureAwait(false);
        return CountServed(answer);
    }

    private static byte[] Request(string topic)
    {
        byte[] name = Encoding.ASCII.GetBytes(topic);

        // Length, request, version, correlation id, client id (none), one topic.
        byte[] frame = new byte[4 + 2 + 2 + 4 + 2 + 4 + 2 + name.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(4), MetadataRequest);
        BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(12), -1);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(14), 1);
        BinaryPrimitives.WriteInt16BigEndian(frame.AsSpan(18), (short)name.Length);
        name.CopyTo(frame, 20);
        return frame;
    }

    private static int CountServed(byte[] answer)
    {
        int at = sizeof(int); // after the correlation id
        for (int brokers = TakeInt(answer, ref at); brokers > 0; brokers--)
        {
            at += sizeof(int); // id
            SkipText(answer, ref at); // host
            at += sizeof(int); // port
        }

        int served = 0;
        for (int topics = TakeInt(answer, ref at); topics > 0; topics--)
        {
            at += sizeof(short); // error
            SkipText(answer, ref at); // name
            for (int partitions = TakeInt(answer, ref at); partitions > 0; partitions--)
            {
                short error = TakeShort(answer, ref at);
                at += sizeof(int); // id
                int leader = TakeInt(answer, ref at);
                SkipInts(answer, ref at); // replicas
                SkipInts(answer, ref at); // in-sync replicas
                served += error == 0 && leader >= 0 ? 1 : 0;
            }
        }

        return served;
    }

    private static void SkipText(byte[] answer, ref int at)
    {
        int length = TakeShort(answer, ref at);
        at += Math.Max(0, length);
    }

    private static void SkipInts(byte[] answer, ref int at)
    {
        int count = TakeInt(answer, ref at);
        at += sizeof(int) * Math.Max(0, count);
    }

    private static short TakeShort(byte[] answer, ref int at)
    {
        short value = BinaryPrimitives.ReadInt16BigEndian(answer.AsSpan(at));
        at += sizeof(short);
        return value;
    }

    private static int TakeInt(byte[] answer, ref int at)
    {
        int value = BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(at));
        at += sizeof(int);
        return value;
    }
}

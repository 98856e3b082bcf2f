using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace FeatureActors.LocalServers;

/// <summary>
/// The three ZooKeeper requests that making and dropping topics needs, in ZooKeeper's own wire form. Kafka's
/// TopicCommand does the same through a JVM of its own, which takes a second each time. One request at a time.
/// </summary>
internal sealed class ZooKeeperClient : IDisposable
{
    private const int CreateRequest = 1;
    private const int DeleteRequest = 2;
    private const int ExistsRequest = 3;
    private const int NoNode = -101;
    private const int NodeExists = -110;
    private const int AllPermissions = 31;
    private const int AnyVersion = -1;
    private const int AnswerBytesMax = 16 * 1024 * 1024;
    private const int SessionTimeoutMs = 10_000;

    private readonly TcpClient _client;
    private readonly NetworkStream _stream;
    private int _lastRequest;

    private ZooKeeperClient(TcpClient client)
    {
        _client = client;
        _stream = client.GetStream();
    }

    internal static async Task<ZooKeeperClient> ConnectAsync(string host, int port, CancellationToken cancellation)
    {
        var tcp = new TcpClient { NoDelay = true };
        try
        {
            await tcp.ConnectAsync(host, port, cancellation).ConfigureAwait(false);
            var client = new ZooKeeperClient(tcp);

            // Protocol version, last transaction seen, session timeout, session id, an empty password.
            Request hello = new Request().Int(0).Long(0).Int(SessionTimeoutMs).Long(0).Bytes(new byte[16]);
            await client.SendAsync(hello, cancellation).ConfigureAwait(false);
            await client.ReceiveAsync(cancellation).ConfigureAwait(false);
            return client;
        }
        catch
        {
            tcp.Dispose();
            throw;
        }
    }

    /// <summary>False when the node was there already.</summary>
    internal async Task<bool> CreateAsync(string path, string data, CancellationToken cancellation)
    {
        Request body = new Request().Text(path).Bytes(Encoding.UTF8.GetBytes(data))
            .Int(1).Int(AllPermissions).Text("world").Text("anyone").Int(0);
        int error = await AskAsync(CreateRequest, body, path, NodeExists, cancellation).ConfigureAwait(false);
        return error != NodeExists;
    }

    /// <summary>False when there was no such node.</summary>
    internal async Task<bool> DeleteAsync(string path, CancellationToken cancellation)
    {
        Request body = new Request().Text(path).Int(AnyVersion);
        int error = await AskAsync(DeleteRequest, body, path, NoNode, cancellation).ConfigureAwait(false);
        return error != NoNode;
    }

    internal async Task<bool> ExistsAsync(string path, CancellationToken cancellation)
    {
        Request body = new Request().Text(path).Bool(false);
        int error = await AskAsync(ExistsRequest, body, path, NoNode, cancellation).ConfigureAwait(false);
        return error != NoNode;
    }

    public void Dispose() => _client.Dispose();

    private async Task<int> AskAsync(
        int type, Request body, string path, int expectedError, CancellationToken cancellation)
    {
        int id = ++_lastRequest;
        await SendAsync(new Request().Int(id).Int(type).Append(body), cancellation).ConfigureAwait(false);
        byte[] frame = await ReceiveAsync(cancellation).ConfigureAwait(false);

        // Answer: request id, transaction, error, body.
        int error = BinaryPrimitives.ReadInt32BigEndian(frame.AsSpan(12));
        if (error != 0 && error != expectedError)
        {
            throw new IOException($"ZooKeeper answered error {error} to request {type} of {path}");
        }

        return error;
    }

    private async Task SendAsync(Request request, CancellationToken cancellation) =>
        await _stream.WriteAsync(request.Frame(), cancellation).ConfigureAwait(false);

    private async Task<byte[]> ReceiveAsync(CancellationToken cancellation)
    {
        byte[] length = new byte[4];
        await _stream.ReadExactlyAsync(length, cancellation).ConfigureAwait(false);
        int count = BinaryPrimitives.ReadInt32BigEndian(length);
        if (count is < 0 or > AnswerBytesMax)
        {
            throw new IOException($"ZooKeeper announced an answer of {count} bytes");
        }

        byte[] frame = new byte[count];
        await _stream.ReadExactlyAsync(frame, cancellation).ConfigureAwait(false);
        return frame;
    }

    /// <summary>Builds one request: big-endian numbers; text and bytes with their length before them.</summary>
    private sealed class Request
    {
        private readonly List<byte> _bytes = [];

        internal Request Int(int value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32BigEndian(bytes, value);
            _bytes.AddRange(bytes);
            return this;
        }

        internal Request Long(long value)
        {
            Span<byte> bytes = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(bytes, value);
            _bytes.AddRange(bytes);
            return this;
        }

        internal Request Bool(bool value)
        {
            _bytes.Add(value ? (byte)1 : (byte)0);
            return this;
        }

        internal Request Bytes(byte[] value)
        {
            Int(value.Length);
            _bytes.AddRange(value);
            return this;
        }

        internal Request Text(string value) => Bytes(Encoding.UTF8.GetBytes(value));

        internal Request Append(Request other)
        {
            _bytes.AddRange(other._bytes);
            return this;
        }

        internal byte[] Frame()
        {
            byte[] frame = new byte[sizeof(int) + _bytes.Count];
            BinaryPrimitives.WriteInt32BigEndian(frame, _bytes.Count);
            _bytes.CopyTo(frame, sizeof(int));
            return frame;
        }
    }
}

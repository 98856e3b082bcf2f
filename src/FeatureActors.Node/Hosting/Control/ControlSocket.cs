using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Node.Hosting.Control;

/// <summary>What a command asks of a running node.</summary>
/// <param name="Command">The command, such as <c>plugins reload</c>.</param>
/// <param name="Name">What it is about, or null.</param>
internal sealed record ControlRequest(string Command, string? Name);

/// <summary>What the node answers.</summary>
/// <param name="IsDone">True when it was done.</param>
/// <param name="Lines">What to show.</param>
internal sealed record ControlAnswer(bool IsDone, IReadOnlyList<string> Lines);

[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlAnswer))]
internal sealed partial class ControlJson : JsonSerializerContext;

/// <summary>
/// The way from commands to the node that holds a data directory: a Unix socket in that directory, one line of JSON each way. Who
/// may write to the directory may command the node, nobody else.
/// </summary>
internal static class ControlSocket
{
    private const string FileName = "control.sock";

    // sockaddr_un has room for 108 bytes with the final zero (104 on some systems).
    private const int PathBytesMax = 100;

    /// <summary>Longest line.</summary>
    public const int LineBytesMax = 1024 * 1024;

    /// <summary>Where the socket of a data directory is: in it, or in the temporary folder when its path is too long for a socket.</summary>
    public static string PathOf(string dataDirectory)
    {
        string path = Path.Combine(Path.GetFullPath(dataDirectory), FileName);
        return Encoding.UTF8.GetByteCount(path) <= PathBytesMax
            ? path
            : Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"fa-{StableHash.Of(Encoding.UTF8.GetBytes(path)):x16}.sock"));
    }

    /// <summary>Asks the node of a data directory; null when no node runs there.</summary>
    public static async Task<ControlAnswer?> AskAsync(string dataDirectory, ControlRequest request, CancellationToken cancellationToken)
    {
        string path = PathOf(dataDirectory);
        if (!File.Exists(path))
        {
            return null;
        }

        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            // A node that was killed leaves its socket behind.
            return null;
        }

        var stream = new NetworkStream(socket);
        await using (stream.ConfigureAwait(false))
        {
            await WriteLineAsync(stream, JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), cancellationToken).ConfigureAwait(false);
            byte[] answer = await ReadLineAsync(stream, cancellationToken).ConfigureAwait(false);
            return JsonSerializer.Deserialize(answer, ControlJson.Default.ControlAnswer)
                ?? throw new InvalidDataException("the node gave no answer");
        }
    }

    /// <summary>Writes a line.</summary>
    public static async Task WriteLineAsync(Stream stream, byte[] line, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(line, cancellationToken).ConfigureAwait(false);
        await stream.WriteAsync("\n"u8.ToArray(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Reads a line.</summary>
    /// <exception cref="InvalidDataException">It does not end, or is too long.</exception>
    public static async Task<byte[]> ReadLineAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[4096];
        int length = 0;
        while (true)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
            int end = buffer.AsSpan(length, read).IndexOf((byte)'\n');
            if (end >= 0)
            {
                return buffer[..(length + end)];
            }

            length += read;
            if (read == 0 || length >= LineBytesMax)
            {
                throw new InvalidDataException("a line that does not end came through the node's control socket");
            }

            if (length == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }
    }
}

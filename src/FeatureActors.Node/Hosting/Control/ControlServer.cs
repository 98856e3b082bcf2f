using System.Net.Sockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Node.Hosting.Control;

/// <summary>Listens on a data directory's control socket and hands requests to the node, one at a time.</summary>
internal sealed class ControlServer : IAsyncDisposable
{
    // A command writes its line at once; somebody who does not must not keep others out.
    private static readonly TimeSpan LineTimeout = TimeSpan.FromSeconds(5);

    private readonly string _path;
    private readonly Func<ControlRequest, CancellationToken, Task<ControlAnswer>> _handle;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _run;

    /// <summary>Starts to listen; the caller holds the directory's lock.</summary>
    public ControlServer(
        string dataDirectory, Func<ControlRequest, CancellationToken, Task<ControlAnswer>> handle, TimeProvider time, ILogger logger)
    {
        _path = ControlSocket.PathOf(dataDirectory);
        _handle = handle;
        _time = time;
        _logger = logger;
        File.Delete(_path);
        _listener.Bind(new UnixDomainSocketEndPoint(_path));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        _listener.Listen(4);
        _run = RunAsync(_stop.Token);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _run.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        File.Delete(_path);
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Socket client = await _listener.AcceptAsync(cancellationToken).ConfigureAwait(false);
            var stream = new NetworkStream(client, ownsSocket: true);
            await using (stream.ConfigureAwait(false))
            {
                try
                {
                    await AnswerAsync(stream, cancellationToken).ConfigureAwait(false);
                }
                catch (Exception error) when (error is IOException or InvalidDataException or JsonException or TimeoutException)
                {
                    Log.ControlBroke(_logger, error.Message);
                }
            }
        }
    }

    private async Task AnswerAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        byte[] line = await ControlSocket.ReadLineAsync(stream, cancellationToken).WaitAsync(LineTimeout, _time, cancellationToken).ConfigureAwait(false);
        ControlRequest request = JsonSerializer.Deserialize(line, ControlJson.Default.ControlRequest)
            ?? throw new InvalidDataException("an empty request came through the node's control socket");
        ControlAnswer answer = await _handle(request, cancellationToken).ConfigureAwait(false);
        await ControlSocket.WriteLineAsync(stream, JsonSerializer.SerializeToUtf8Bytes(answer, ControlJson.Default.ControlAnswer), cancellationToken)
            .ConfigureAwait(false);
    }
}

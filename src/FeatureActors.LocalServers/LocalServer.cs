using System.Globalization;
using System.Net;
using System.Net.Sockets;
using FeatureActors.Abstractions.Errors;

namespace FeatureActors.LocalServers;

/// <summary>
/// A real server on a free port of the loopback interface with its data in a temporary folder. It can be stopped,
/// killed, frozen and started again on the same port with the same data. It ends when it is disposed and when this
/// process dies; its folder goes with it. One caller at a time.
/// </summary>
public abstract class LocalServer : IAsyncDisposable
{
    private protected static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(60);
    private protected static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ReadyPoll = TimeSpan.FromMilliseconds(20);

    // Another process may take the port between our look and the server's bind.
    private const int PortAttemptsMax = 5;

    private bool _disposed;

    private protected LocalServer(string kind, TimeProvider time)
    {
        Kind = kind;
        Time = time;
        DataFolder = TemporaryFolder.Create(kind);
    }

    /// <summary>Always <c>127.0.0.1</c>.</summary>
    public static string Host => IPAddress.Loopback.ToString();

    /// <summary>The port clients connect to; the same over restarts.</summary>
    public int Port { get; private protected set; }

    /// <summary><c>127.0.0.1:port</c>.</summary>
    public string Endpoint => string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");

    /// <summary>Full path of the folder with its configuration and data; removed on dispose.</summary>
    public string DataFolder { get; }

    /// <summary>Id of the server's (main) process.</summary>
    /// <exception cref="InvalidOperationException">It is not running.</exception>
    public int ProcessId => Main?.Id ?? throw new InvalidOperationException($"{Kind} is not running");

    /// <summary>True from a start until a stop, a kill or an exit of its own.</summary>
    public bool IsRunning => Main?.IsRunning ?? false;

    private protected ServerProcess? Main { get; private set; }

    private protected TimeProvider Time { get; }

    private protected string Kind { get; }

    private protected virtual Signal StopSignal => Signal.Terminate;

    /// <summary>Stops it in order (SIGTERM), so that it saves what it is set to save. Nothing when it is stopped.</summary>
    /// <param name="cancellation">Cancelled, or after 15 s, it is killed instead.</param>
    public async Task StopAsync(CancellationToken cancellation)
    {
        if (Main is { } process)
        {
            Main = null;
            await process.EndAsync(StopSignal, StopPatience, Time, cancellation).ConfigureAwait(false);
            process.Dispose();
        }
    }

    /// <summary>Kills it (SIGKILL): nothing is saved. Returns when the process is gone.</summary>
    /// <param name="cancellation">Stops the waiting, not the kill.</param>
    public async Task KillAsync(CancellationToken cancellation)
    {
        if (Main is { } process)
        {
            Main = null;
            process.Send(Signal.Kill);
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
            process.Dispose();
        }
    }

    /// <summary>Starts it again on the same port with the same data; a running one is stopped in order first.</summary>
    /// <param name="cancellation">Gives up; the server is then not running.</param>
    /// <exception cref="DependencyUnavailableException">It did not become ready.</exception>
    public async Task RestartAsync(CancellationToken cancellation)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        await StopAsync(cancellation).ConfigureAwait(false);
        await BeforeRestartAsync(cancellation).ConfigureAwait(false);
        await StartOnceAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Freezes it (SIGSTOP): connections stay open and nothing answers.</summary>
    public void Freeze() => Main?.Send(Signal.Stop);

    /// <summary>Lets a frozen server go on (SIGCONT).</summary>
    public void Thaw() => Main?.Send(Signal.Continue);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await EndForGoodAsync().ConfigureAwait(false);
        TemporaryFolder.Remove(DataFolder);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends every process; the data will not be needed again.</summary>
    private protected virtual Task EndForGoodAsync() => KillAsync(CancellationToken.None);

    /// <summary>Writes the configuration for <see cref="Port"/> and says how the server is started.</summary>
    private protected abstract ServerCommand Configure();

    /// <summary>True when the server does its work; false or an <see cref="IOException"/> or socket error: not yet.</summary>
    private protected abstract Task<bool> AskReadyAsync(CancellationToken cancellation);

    private protected virtual Task BeforeRestartAsync(CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>The first start: looks for another port when the server ends at once.</summary>
    private protected async Task StartFirstAsync(CancellationToken cancellation)
    {
        for (int attempt = 1; ; attempt++)
        {
            Port = FreePort.Pick();
            try
            {
                await StartOnceAsync(cancellation).ConfigureAwait(false);
                return;
            }
            catch (DependencyUnavailableException) when (attempt < PortAttemptsMax && PortIsTaken())
            {
                await KillAsync(cancellation).ConfigureAwait(false);
            }
        }
    }

    private protected async Task WaitUntilReadyAsync(
        string phase, ServerProcess process, Func<CancellationToken, Task<bool>> ask, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(ReadyTimeout, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        while (!await IsReadyAsync(ask, either.Token).ConfigureAwait(false))
        {
            cancellation.ThrowIfCancellationRequested();
            if (!process.IsRunning || timeout.IsCancellationRequested)
            {
                string what = process.IsRunning ? $"not ready after {ReadyTimeout.TotalSeconds} s" : "it ended at once";
                throw new DependencyUnavailableException(
                    $"{Kind} at {Endpoint}",
                    $"could not {phase}: {what}; its last output: {process.LastOutput}");
            }

            await Task.Delay(ReadyPoll, Time, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<bool> IsReadyAsync(
        Func<CancellationToken, Task<bool>> ask, CancellationToken cancellation)
    {
        try
        {
            return await ask(cancellation).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task StartOnceAsync(CancellationToken cancellation)
    {
        Main = await ServerProcess.StartAsync(Configure()).ConfigureAwait(false);
        try
        {
            await WaitUntilReadyAsync($"start {Kind}", Main, AskReadyAsync, cancellation).ConfigureAwait(false);
        }
        catch
        {
            await KillAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private bool PortIsTaken()
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, Port);
            listener.Start();
            return false;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}

using System.Text;
using FeatureActors.LocalServers;

namespace FeatureActors.Integration.Tests.Live;

/// <summary>The program <c>fa</c> as a process of its own. Everything it writes goes to <see cref="OutputFile"/>.</summary>
internal sealed class FaProcess : IAsyncDisposable
{
    // Enough for the lines of a tail: they are asked for at every look of a wait.
    private const long TailBytes = 32 * 1024;
    private static readonly TimeSpan EndPatience = TimeSpan.FromSeconds(240);

    private readonly ServerProcess _process;
    private bool _isDisposed;

    private FaProcess(ServerProcess process, string outputFile)
    {
        _process = process;
        OutputFile = outputFile;
    }

    /// <summary>What it wrote to both outputs, appended to what the file held before.</summary>
    public string OutputFile { get; }

    public bool IsRunning => !_isDisposed && _process.IsRunning;

    public int ExitCode => _process.ExitCode;

    /// <summary>Starts the program of a build; returns before it does anything.</summary>
    /// <param name="build">Which.</param>
    /// <param name="isAsDelivered">
    /// The program has every method compiled fully before its first call, which costs seconds of a processor at each start. False: quickly at
    /// first, and fully what is called often.
    /// </param>
    /// <param name="outputFile">Where both outputs go.</param>
    /// <param name="arguments">Its arguments.</param>
    public static async Task<FaProcess> StartAsync(NodeBuild build, bool isAsDelivered, string outputFile, params string[] arguments)
    {
        // The shell gives way to the program, so the process id is the program's.
        string compile = isAsDelivered ? "" : "export DOTNET_TC_QuickJit=1; ";
        var command = new ServerCommand(
            "/bin/sh", ["-c", compile + "exec \"$@\" >> \"$0\" 2>&1", outputFile, Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", build.Program, .. arguments]);
        return new FaProcess(await ServerProcess.StartAsync(command), outputFile);
    }

    /// <summary>Runs a command to its end.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string folder, params string[] arguments)
    {
        string outputFile = Path.Combine(folder, $"output-{Guid.NewGuid():N}.txt");
        await using FaProcess process = await StartAsync(NodeBuild.Own, isAsDelivered: false, outputFile, arguments);
        using var patience = new CancellationTokenSource(EndPatience, TimeProvider.System);
        try
        {
            await process._process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"fa {string.Join(' ', arguments)} did not end within {EndPatience.TotalSeconds} s: {process.ReadOutput()}");
        }

        return (process.ExitCode, process.ReadOutput());
    }

    /// <summary>kill −9; returns when the process is gone.</summary>
    public async Task KillAsync()
    {
        _process.Send(Signal.Kill);
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>SIGSTOP: it keeps its connections and does nothing.</summary>
    public void Freeze() => _process.Send(Signal.Stop);

    /// <summary>SIGCONT.</summary>
    public void Thaw() => _process.Send(Signal.Continue);

    /// <summary>Asks it to stop and answers its exit code.</summary>
    public async Task<int> StopAsync()
    {
        await _process.EndAsync(Signal.Terminate, EndPatience, TimeProvider.System, CancellationToken.None);
        return _process.ExitCode;
    }

    public string ReadOutput() => ReadOutput(long.MaxValue);

    /// <summary>The last lines it wrote.</summary>
    public string Tail(int lines = 25) => string.Join('\n', ReadOutput(TailBytes).Split('\n').TakeLast(lines));

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await KillAsync();
        _process.Dispose();
    }

    private string ReadOutput(long bytesMax)
    {
        if (!File.Exists(OutputFile))
        {
            return "";
        }

        using var file = new FileStream(OutputFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Seek(-Math.Min(bytesMax, file.Length), SeekOrigin.End);
        using var reader = new StreamReader(file, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}

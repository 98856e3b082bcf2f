using System.Diagnostics;
using FeatureActors.Abstractions.Errors;

namespace FeatureActors.LocalServers;

/// <summary>
/// One child process: its last lines of output are kept for error messages, it is ended by its id, and it dies with
/// this process even when this process is killed.
/// </summary>
internal sealed class ServerProcess : IDisposable
{
    private const int OutputLinesMax = 60;

    private readonly Process _process;
    private readonly Queue<string> _output = new();
    private readonly Lock _outputLock = new();

    private ServerProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Close();
    }

    internal int Id => _process.Id;

    internal bool IsRunning => !_process.HasExited;

    internal int ExitCode => _process.ExitCode;

    /// <summary>The last lines it wrote, oldest first.</summary>
    internal string LastOutput
    {
        get
        {
            lock (_outputLock)
            {
                return string.Join(Environment.NewLine, _output);
            }
        }
    }

    internal static async Task<ServerProcess> StartAsync(ServerCommand command)
    {
        var info = new ProcessStartInfo
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = command.WorkingFolder ?? string.Empty,
        };
        List<string> line = [.. Wrapper(command), command.FileName, .. command.Arguments];
        info.FileName = line[0];
        foreach (string argument in line.Skip(1))
        {
            info.ArgumentList.Add(argument);
        }

        return new ServerProcess(await ProcessStarter.StartAsync(info).ConfigureAwait(false));
    }

    /// <summary>Runs a short command to its end; a failure carries what it wrote.</summary>
    internal static async Task RunAsync(ServerCommand command, CancellationToken cancellation)
    {
        using ServerProcess process = await StartAsync(command).ConfigureAwait(false);
        try
        {
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            process.Send(Signal.Kill);
        }

        if (process._process.ExitCode != 0)
        {
            throw new DependencyUnavailableException(
                command.FileName,
                $"could not prepare a local server: exit code {process._process.ExitCode}: {process.LastOutput}");
        }
    }

    /// <summary>Sends a signal; a process that has ended is left alone.</summary>
    internal void Send(Signal signal)
    {
        // HasExited reaps the child first, so the id cannot have passed to another process meanwhile.
        if (!_process.HasExited)
        {
            _ = NativeMethods.Kill(_process.Id, (int)signal);
        }
    }

    internal Task WaitForExitAsync(CancellationToken cancellation) => _process.WaitForExitAsync(cancellation);

    /// <summary>Asks it to stop, and kills it when it has not done so within the given time.</summary>
    internal async Task EndAsync(Signal signal, TimeSpan patience, TimeProvider time, CancellationToken cancellation)
    {
        Send(signal);
        Send(Signal.Continue);
        using var timeout = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            await WaitForExitAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            Send(Signal.Kill);
            await WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    public void Dispose()
    {
        Send(Signal.Kill);
        _process.Dispose();
    }

    private static IEnumerable<string> Wrapper(ServerCommand command)
    {
        // A session of its own: Ctrl+C in the terminal reaches us, and we stop the servers in order.
        if (Executable.Find("setsid") is { } setsid)
        {
            yield return setsid;
        }

        if (Executable.Find("setpriv") is { } setpriv)
        {
            if (command.User is { } user)
            {
                yield return setpriv;
                yield return $"--reuid={user.UserId}";
                yield return $"--regid={user.GroupId}";
                yield return "--clear-groups";
            }

            // A second step, because the kernel forgets the parent-death signal when the user changes.
            yield return setpriv;
            yield return "--pdeathsig";
            yield return command.OnParentDeath == Signal.Quit ? "QUIT" : "KILL";
        }
        else if (command.User is { } user)
        {
            throw new DependencyUnavailableException(
                "setpriv", $"could not run {command.FileName} as user {user.UserId}: setpriv is missing; install util-linux");
        }
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_outputLock)
        {
            if (_output.Count == OutputLinesMax)
            {
                _output.Dequeue();
            }

            _output.Enqueue(line);
        }
    }
}

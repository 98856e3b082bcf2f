using System.Text;
using System.Text.Json;
using FeatureActors.Integration.Tests.Cluster;
using FeatureActors.LocalServers;

namespace FeatureActors.Benchmarks.TakeOver;

/// <summary><c>fa run</c> as a process of its own, started again as often as it is killed or stopped. It dies with this process.</summary>
internal sealed class ClusterNode(string name, string configFile, int httpPort) : IAsyncDisposable
{
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(60);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    private readonly string _outputFile = Path.ChangeExtension(configFile, ".log");
    private readonly StringBuilder _output = new();
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private long _read;
    private ServerProcess? _process;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>True while its process lives.</summary>
    public bool IsRunning => _process is { IsRunning: true };

    /// <summary>Starts it; returns before it does anything.</summary>
    public async Task StartAsync()
    {
        // artifacts/bin/<project>/<configuration>; the shell gives way to the program, so the process id is the program's.
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        string program = Path.Combine(own.Parent!.Parent!.FullName, "FeatureActors.Node", own.Name, "FeatureActors.Node.dll");
        _process = await ServerProcess.StartAsync(new ServerCommand(
            "/bin/sh", ["-c", "exec \"$@\" >> \"$0\" 2>&1", _outputFile, "dotnet", program, "run", "--config", configFile])).ConfigureAwait(false);
    }

    /// <summary>kill −9; returns when the process is gone.</summary>
    /// <returns>When it was killed.</returns>
    public async Task<DateTimeOffset> KillAsync()
    {
        DateTimeOffset at = TimeProvider.System.GetUtcNow();
        _process!.Send(Signal.Kill);
        await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        return at;
    }

    /// <summary>Stops it in order.</summary>
    public Task StopAsync() => _process!.EndAsync(Signal.Terminate, StopPatience, TimeProvider.System, CancellationToken.None);

    /// <summary>Everything that its processes wrote.</summary>
    public string ReadOutput()
    {
        if (File.Exists(_outputFile))
        {
            using var file = new FileStream(_outputFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            file.Position = _read;
            var bytes = new byte[file.Length - _read];
            file.ReadExactly(bytes);
            _read += bytes.Length;
            var text = new char[Encoding.UTF8.GetMaxCharCount(bytes.Length)];
            _output.Append(text, 0, _decoder.GetChars(bytes, text, flush: false));
        }

        return _output.ToString();
    }

    /// <summary>The last lines it wrote.</summary>
    public string Tail() => $"{name}: {string.Join('\n', ReadOutput().Split('\n').TakeLast(15))}";

    /// <summary>The last time that it acquired a shard, at or behind a moment; null when it has not.</summary>
    public ShardMove? Acquired(string shard, DateTimeOffset since)
    {
        ShardMove found = ShardMoves.Read(ReadOutput()).LastOrDefault(m => m.Shard == shard && m.To == "Recovering" && m.At >= since);
        return found.Shard is null ? null : found;
    }

    /// <summary>What the node says of one of its shards; null while it has it not, or does not answer.</summary>
    public async Task<ShardLag?> LagAsync(int partition)
    {
        try
        {
            byte[] json = await Http.GetByteArrayAsync(new Uri($"http://127.0.0.1:{httpPort}/v1/shards?scope=node")).ConfigureAwait(false);
            return JsonSerializer.Deserialize<ShardLag[]>(json, JsonSerializerOptions.Web)!.FirstOrDefault(s => s.Partition == partition);
        }
        catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync().ConfigureAwait(false);
            _process.Dispose();
        }
    }
}

/// <summary>How far a shard is, as <c>/v1/shards</c> answers it.</summary>
internal sealed record ShardLag(int Partition, string State, long NextOffset, long? LogEnd, double LagSeconds);

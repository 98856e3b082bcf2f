using System.Net.Sockets;
using System.Text;
using FeatureActors.Abstractions.Errors;

namespace FeatureActors.LocalServers;

/// <summary>A redis-server of one's own.</summary>
public sealed class RedisServer : LocalServer
{
    private const string DumpName = "dump.rdb";

    private readonly RedisServerOptions _options;
    private readonly string _binary;

    private RedisServer(RedisServerOptions options, TimeProvider time)
        : base("redis-server", time)
    {
        _options = options;
        _binary = Executable.Require("redis-server", "redis-server");
    }

    /// <summary>For <c>ConnectionMultiplexer.Connect</c>: endpoint and password.</summary>
    public string ConnectionString =>
        _options.Password is { } password ? $"{Endpoint},password={password}" : Endpoint;

    /// <summary>Starts a server and waits until it answers.</summary>
    /// <param name="options">How it keeps data; null for nothing kept.</param>
    /// <param name="time">Source of time for waiting; null for the system's.</param>
    /// <param name="cancellation">Gives up and leaves nothing behind.</param>
    /// <exception cref="DependencyUnavailableException">Not installed, or it did not start; the text says what to do.</exception>
    public static async Task<RedisServer> StartAsync(
        RedisServerOptions? options = null, TimeProvider? time = null, CancellationToken cancellation = default)
    {
        var server = new RedisServer(options ?? new RedisServerOptions(), time ?? TimeProvider.System);
        try
        {
            if (server._options.InitialDump is { } dump)
            {
                File.Copy(dump, server.PathOf(DumpName));
            }

            await server.StartFirstAsync(cancellation).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Kills the server if it runs and starts it with the content of an RDB file and nothing else.</summary>
    /// <param name="dumpFile">Full path, as <see cref="SaveAsync"/> wrote it; null to start empty.</param>
    /// <param name="cancellation">Gives up; the server is then not running.</param>
    public async Task RestartFromAsync(string? dumpFile, CancellationToken cancellation)
    {
        await KillAsync(cancellation).ConfigureAwait(false);
        string appended = PathOf("appendonlydir");
        if (Directory.Exists(appended))
        {
            Directory.Delete(appended, recursive: true);
        }

        File.Delete(PathOf(DumpName));
        if (dumpFile is not null)
        {
            if (_options.AppendOnly)
            {
                throw new InvalidOperationException("a server with AppendOnly reads its log, not an RDB file");
            }

            File.Copy(dumpFile, PathOf(DumpName));
        }

        await RestartAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Writes the present content as an RDB file; the server goes on.</summary>
    /// <param name="dumpFile">Full path; overwritten.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    public async Task SaveAsync(string dumpFile, CancellationToken cancellation)
    {
        string answer = await AskAsync("SAVE", cancellation).ConfigureAwait(false);
        if (!answer.StartsWith("+OK", StringComparison.Ordinal))
        {
            throw new DependencyUnavailableException($"{Kind} at {Endpoint}", $"could not save: {answer}");
        }

        File.Copy(PathOf(DumpName), dumpFile, overwrite: true);
        if (!_options.SaveOnStop)
        {
            // Left there, the next start would read it.
            File.Delete(PathOf(DumpName));
        }
    }

    private protected override ServerCommand Configure()
    {
        List<string> lines =
        [
            $"port {Port}",
            $"bind {Host}",
            "protected-mode no",
            "daemonize no",
            $"dir {Quoted(DataFolder)}",
            $"dbfilename {DumpName}",
            // Far more changes than anybody makes in a day: no save under way, but one on stop.
            _options.SaveOnStop ? "save 86400 1000000000" : "save \"\"",
            $"appendonly {(_options.AppendOnly ? "yes" : "no")}",
            "appendfsync always",
            .. _options.Password is { } password ? new[] { $"requirepass {Quoted(password)}" } : [],
            .. _options.Directives,
        ];
        string file = PathOf("redis.conf");
        File.WriteAllLines(file, lines);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        return new ServerCommand(_binary, [file]) { WorkingFolder = DataFolder };
    }

    private protected override async Task<bool> AskReadyAsync(CancellationToken cancellation) =>
        (await AskAsync("PING", cancellation).ConfigureAwait(false)).StartsWith("+PONG", StringComparison.Ordinal);

    private async Task<string> AskAsync(string command, CancellationToken cancellation)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Host, Port, cancellation).ConfigureAwait(false);
        using var reader = new StreamReader(client.GetStream(), Encoding.UTF8);
        if (_options.Password is { } password)
        {
            await SendAsync(client, ["AUTH", password], cancellation).ConfigureAwait(false);
            await reader.ReadLineAsync(cancellation).ConfigureAwait(false);
        }

        await SendAsync(client, [command], cancellation).ConfigureAwait(false);
        return await reader.ReadLineAsync(cancellation).ConfigureAwait(false) ?? throw new EndOfStreamException();
    }

    private static async Task SendAsync(TcpClient client, string[] words, CancellationToken cancellation)
    {
        var line = new StringBuilder($"*{words.Length}\r\n");
        foreach (string word in words)
        {
            line.Append('$').Append(Encoding.UTF8.GetByteCount(word)).Append("\r\n").Append(word).Append("\r\n");
        }

        await client.GetStream().WriteAsync(Encoding.UTF8.GetBytes(line.ToString()), cancellation)
            .ConfigureAwait(false);
    }

    // redis.conf reads quoted words as C strings.
    private static string Quoted(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private string PathOf(string name) => Path.Combine(DataFolder, name);
}

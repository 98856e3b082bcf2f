using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using FeatureActors.Abstractions.Errors;

namespace FeatureActors.LocalServers;

/// <summary>
/// A PostgreSQL cluster of one's own, with one superuser and no password. It does not sync to disk: it survives a kill,
/// not a power cut. When the current user is root it runs as <c>postgres</c> or <c>nobody</c>, because it refuses root.
/// </summary>
public sealed class PostgresServer : LocalServer
{
    /// <summary>Its superuser.</summary>
    public const string UserName = "fa";

    /// <summary>A database that is always there.</summary>
    public const string Database = "postgres";

    private const string DebianFolder = "/usr/lib/postgresql";

    private readonly UnixUser? _serverUser = UnixUser.ForServers();
    private readonly string _binaries = FindBinaries();
    private readonly IReadOnlyList<string> _settings;

    private PostgresServer(IReadOnlyList<string> settings, TimeProvider time)
        : base("postgresql", time) => _settings = settings;

    /// <summary>For Npgsql: the database <c>postgres</c>.</summary>
    public string ConnectionString => ConnectionStringFor(Database);

    // Fast shutdown: SIGTERM would wait for the clients to leave.
    private protected override Signal StopSignal => Signal.Interrupt;

    private string ClusterFolder => Path.Combine(DataFolder, "cluster");

    /// <summary>Makes a cluster, starts it and waits until it takes connections.</summary>
    /// <param name="settings">Further lines of postgresql.conf, such as <c>max_connections = 50</c>; null for none.</param>
    /// <param name="time">Source of time for waiting; null for the system's.</param>
    /// <param name="cancellation">Gives up and leaves nothing behind.</param>
    /// <exception cref="DependencyUnavailableException">Not installed, or it did not start; the text says what to do.</exception>
    public static async Task<PostgresServer> StartAsync(
        IReadOnlyList<string>? settings = null, TimeProvider? time = null, CancellationToken cancellation = default)
    {
        var server = new PostgresServer(settings ?? [], time ?? TimeProvider.System);
        try
        {
            await server.CreateClusterAsync(cancellation).ConfigureAwait(false);
            await server.StartFirstAsync(cancellation).ConfigureAwait(false);
            return server;
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>For Npgsql: another database of the same cluster, which need not exist yet.</summary>
    /// <param name="database">Its name.</param>
    public string ConnectionStringFor(string database) =>
        $"Host={Host};Port={Port};Username={UserName};Database={database};Include Error Detail=true";

    // Immediate shutdown instead of SIGKILL: it ends at once too, and gives its shared memory back.
    private protected override async Task EndForGoodAsync()
    {
        Main?.Send(Signal.Quit);
        await StopAsync(CancellationToken.None).ConfigureAwait(false);
    }

    private protected override ServerCommand Configure()
    {
        List<string> lines =
        [
            $"port = {Port}",
            $"listen_addresses = '{Host}'",
            "unix_socket_directories = ''",
            "fsync = off",
            "synchronous_commit = off",
            "full_page_writes = off",
            "shared_buffers = 64MB",
            "max_connections = 100",
            "autovacuum_naptime = 10s",
            "log_checkpoints = off",
            .. _settings,
        ];
        File.WriteAllLines(Path.Combine(DataFolder, "postgresql.conf"), lines);
        return AsServerUser(new ServerCommand(
            Path.Combine(_binaries, "postgres"),
            ["-D", ClusterFolder, "-c", $"config_file={Path.Combine(DataFolder, "postgresql.conf")}"])
        {
            OnParentDeath = Signal.Quit,
        });
    }

    private protected override async Task<bool> AskReadyAsync(CancellationToken cancellation)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(Host, Port, cancellation).ConfigureAwait(false);
        NetworkStream stream = client.GetStream();
        byte[] body = Encoding.ASCII.GetBytes($"user\0{UserName}\0database\0postgres\0\0");
        byte[] packet = new byte[8 + body.Length];
        BinaryPrimitives.WriteInt32BigEndian(packet, packet.Length);
        BinaryPrimitives.WriteInt32BigEndian(packet.AsSpan(4), 3 << 16); // protocol 3.0
        body.CopyTo(packet, 8);
        await stream.WriteAsync(packet, cancellation).ConfigureAwait(false);

        // 'R': authenticated. 'E': an error, such as "the database system is starting up".
        byte[] answer = new byte[1];
        await stream.ReadExactlyAsync(answer, cancellation).ConfigureAwait(false);
        return answer[0] == (byte)'R';
    }

    private static string FindBinaries()
    {
        // Debian keeps initdb and postgres of each version in a folder of its own, outside the path.
        string? newest = Directory.Exists(DebianFolder)
            ? Directory.EnumerateDirectories(DebianFolder)
                .Select(folder => Path.Combine(folder, "bin"))
                .Where(folder => File.Exists(Path.Combine(folder, "initdb")))
                .OrderByDescending(folder => folder.Length).ThenByDescending(folder => folder, StringComparer.Ordinal)
                .FirstOrDefault()
            : null;
        return newest
            ?? Path.GetDirectoryName(Executable.Find("initdb"))
            ?? throw Executable.Missing("initdb", "postgresql");
    }

    private async Task CreateClusterAsync(CancellationToken cancellation)
    {
        if (_serverUser is not null)
        {
            await ServerProcess.RunAsync(new ServerCommand("chown", [_serverUser.UserId, DataFolder]), cancellation)
                .ConfigureAwait(false);
        }

        await ServerProcess.RunAsync(
            AsServerUser(new ServerCommand(
                Path.Combine(_binaries, "initdb"),
                [
                    "-D", ClusterFolder, "-U", UserName, "--auth=trust", "--encoding=UTF8", "--locale=C",
                    "--no-sync", "--no-instructions",
                ])),
            cancellation).ConfigureAwait(false);
    }

    private ServerCommand AsServerUser(ServerCommand command) =>
        command with { User = _serverUser, WorkingFolder = DataFolder };
}

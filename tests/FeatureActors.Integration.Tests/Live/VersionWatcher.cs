using System.Globalization;
using System.Net.Sockets;
using System.Text;
using FeatureActors.LocalServers;

namespace FeatureActors.Integration.Tests.Live;

/// <summary>
/// Reads <c>_v</c> of some keys again and again over a connection of its own, and remembers every one that fell. Between
/// <see cref="ExpectLossAsync"/> calls nothing may fall, whatever is killed meanwhile.
/// </summary>
internal sealed class VersionWatcher : IAsyncDisposable
{
    // A round of 100 keys costs Redis about 100 µs; this leaves the rate above 200 rounds a second with room to spare.
    private static readonly TimeSpan RoundMin = TimeSpan.FromMilliseconds(3);

    private readonly RedisServer _server;
    private readonly string[] _keys;
    private readonly (long NextOffset, long ClockMs)[] _last;
    private readonly byte[] _request;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly List<string> _falls = [];
    private readonly Task _task;
    private readonly long _startedAt = TimeProvider.System.GetTimestamp();
    private bool _isLossExpected;
    private long _rounds;
    private TimeSpan _away;

    public VersionWatcher(RedisServer server, IEnumerable<string> keys)
    {
        _server = server;
        _keys = [.. keys];
        _last = new (long, long)[_keys.Length];
        var request = new StringBuilder();
        foreach (string key in _keys)
        {
            request.Append(CultureInfo.InvariantCulture, $"*3\r\n$4\r\nHGET\r\n${Encoding.UTF8.GetByteCount(key)}\r\n{key}\r\n$2\r\n_v\r\n");
        }

        _request = Encoding.UTF8.GetBytes(request.ToString());
        _task = Task.Factory.StartNew(Watch, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>Rounds over all keys.</summary>
    public long Rounds => Interlocked.Read(ref _rounds);

    /// <summary>Rounds a second while Redis was there.</summary>
    public double RoundsPerSecond => Rounds / (TimeProvider.System.GetElapsedTime(_startedAt) - _away).TotalSeconds;

    /// <summary>What was seen to fall.</summary>
    public IReadOnlyList<string> Falls
    {
        get
        {
            lock (_lock)
            {
                return [.. _falls];
            }
        }
    }

    /// <summary>Redis loses data while <paramref name="lose"/> runs: versions may fall until it ends, and count anew from there.</summary>
    public async Task ExpectLossAsync(Func<Task> lose)
    {
        lock (_lock)
        {
            _isLossExpected = true;
        }

        await lose();
        lock (_lock)
        {
            _isLossExpected = false;
            Array.Clear(_last);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _task;
        _stop.Dispose();
    }

    private void Watch()
    {
        while (!_stop.IsCancellationRequested)
        {
            long since = TimeProvider.System.GetTimestamp();
            try
            {
                using var client = new TcpClient(LocalServer.Host, _server.Port) { NoDelay = true };
                using var replies = new BufferedStream(client.GetStream(), 16 * 1024);
                using CancellationTokenRegistration closing = _stop.Token.Register(client.Dispose);
                _away += TimeProvider.System.GetElapsedTime(since);
                while (!_stop.IsCancellationRequested)
                {
                    since = TimeProvider.System.GetTimestamp();
                    client.Client.Send(_request);
                    for (int i = 0; i < _keys.Length; i++)
                    {
                        Look(i, ReadReply(replies));
                    }

                    Interlocked.Increment(ref _rounds);
                    TimeSpan left = RoundMin - TimeProvider.System.GetElapsedTime(since);
                    if (left > TimeSpan.Zero)
                    {
                        _stop.Token.WaitHandle.WaitOne(left);
                    }
                }
            }
            catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or NotSupportedException)
            {
                _stop.Token.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(10));
                _away += TimeProvider.System.GetElapsedTime(since);
            }
        }
    }

    /// <summary>One bulk reply; null when the key has no version.</summary>
    private static string? ReadReply(Stream replies)
    {
        string line = ReadLine(replies);
        if (line.StartsWith("-LOADING", StringComparison.Ordinal))
        {
            throw new IOException(line);
        }

        Assert.StartsWith("$", line, StringComparison.Ordinal);
        return line == "$-1" ? null : ReadLine(replies);
    }

    private static string ReadLine(Stream replies)
    {
        Span<byte> line = stackalloc byte[256];
        for (int length = 0; length < line.Length; length++)
        {
            int next = replies.ReadByte();
            if (next < 0)
            {
                throw new IOException("Redis closed the connection");
            }

            if (next == '\n')
            {
                return Encoding.ASCII.GetString(line[..(length - 1)]);
            }

            line[length] = (byte)next;
        }

        throw new IOException("a line of Redis is longer than a version can be");
    }

    private void Look(int key, string? version)
    {
        if (version is null)
        {
            return;
        }

        int dash = version.IndexOf('-', 1);
        var seen = (long.Parse(version.AsSpan(0, dash), CultureInfo.InvariantCulture), long.Parse(version.AsSpan(dash + 1), CultureInfo.InvariantCulture));
        lock (_lock)
        {
            if (seen.CompareTo(_last[key]) < 0 && !_isLossExpected)
            {
                _falls.Add($"{_keys[key]} fell from {_last[key]} to {seen}");
            }

            _last[key] = seen;
        }
    }
}

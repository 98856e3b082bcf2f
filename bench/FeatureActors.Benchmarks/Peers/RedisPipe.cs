using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace FeatureActors.Benchmarks.Peers;

/// <summary>
/// The cheapest client for a stream of commands: one buffer of commands, one socket, answers read by a second thread and only
/// counted. At most <see cref="InFlightMax"/> commands wait for their answer. One caller.
/// </summary>
internal sealed class RedisPipe : IDisposable
{
    /// <summary>Commands without an answer above which the caller waits.</summary>
    public const int InFlightMax = 20_000;

    private const int BufferBytes = 256 * 1024;

    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly byte[] _answers = new byte[BufferBytes];
    private readonly Lock _gate = new();
    private readonly Thread? _reader;
    private int _used;
    private long _sent;
    private long _answered;
    private long _awaited = long.MaxValue;
    private TaskCompletionSource? _waiting;
    private Exception? _failure;
    private int _at;
    private int _read;

    /// <summary>Connects. Answers are counted from the first command on.</summary>
    public RedisPipe(int port)
    {
        _socket.Connect(IPAddress.Loopback, port);
        _reader = new Thread(CountAnswers) { IsBackground = true, Name = "redis answers" };
    }

    /// <summary>Commands sent.</summary>
    public long Sent => _sent;

    /// <summary>Starts a command of <paramref name="words"/> words.</summary>
    public void Begin(int words)
    {
        if (_used > BufferBytes - 4096)
        {
            Flush();
        }

        _sent++;
        _buffer[_used++] = (byte)'*';
        Number(words);
    }

    /// <summary>One word of a command.</summary>
    public void Word(ReadOnlySpan<byte> word)
    {
        _buffer[_used++] = (byte)'$';
        Number(word.Length);
        word.CopyTo(_buffer.AsSpan(_used));
        _used += word.Length;
        _buffer[_used++] = (byte)'\r';
        _buffer[_used++] = (byte)'\n';
        if (_used > BufferBytes - 4096)
        {
            Flush();
        }
    }

    /// <summary>Waits while more than <see cref="InFlightMax"/> commands have no answer.</summary>
    public async ValueTask WaitForRoomAsync()
    {
        if (_sent - Interlocked.Read(ref _answered) > InFlightMax)
        {
            Flush();
            await WaitAsync(_sent - (InFlightMax / 2)).ConfigureAwait(false);
        }
    }

    /// <summary>Sends what is left and waits for every answer.</summary>
    public async Task FinishAsync()
    {
        Flush();
        await WaitAsync(_sent).ConfigureAwait(false);
    }

    /// <summary>Sends one command and answers its text. Only before <see cref="Begin"/> was used.</summary>
    public async Task<string> AskAsync(params string[] words)
    {
        var text = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"*{words.Length}\r\n"));
        foreach (string word in words)
        {
            text.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        }

        await _socket.SendAsync(Encoding.UTF8.GetBytes(text.ToString())).ConfigureAwait(false);
        var answer = new StringBuilder();
        long wanted = -1;
        while (wanted < 0 || answer.Length < wanted)
        {
            int read = await _socket.ReceiveAsync(_answers).ConfigureAwait(false);
            answer.Append(Encoding.UTF8.GetString(_answers, 0, read));
            string sofar = answer.ToString();
            int line = sofar.IndexOf("\r\n", StringComparison.Ordinal);
            if (wanted < 0 && line > 0)
            {
                wanted = sofar[0] == '$' ? long.Parse(sofar[1..line], CultureInfo.InvariantCulture) + line + 4 : line + 2;
            }
        }

        string all = answer.ToString();
        return all[0] switch
        {
            '-' => throw new InvalidOperationException(all),
            '$' => all[(all.IndexOf("\r\n", StringComparison.Ordinal) + 2)..].TrimEnd(),
            _ => all[1..].TrimEnd(),
        };
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    /// <summary>Sends what waits.</summary>
    public void Flush()
    {
        if (_reader is { ThreadState: var state } && (state & ThreadState.Unstarted) != 0)
        {
            _reader.Start();
        }

        for (int sent = 0; sent < _used;)
        {
            sent += _socket.Send(_buffer, sent, _used - sent, SocketFlags.None);
        }

        _used = 0;
    }

    private void Number(int value)
    {
        if (value < 10)
        {
            _buffer[_used++] = (byte)('0' + value);
        }
        else
        {
            value.TryFormat(_buffer.AsSpan(_used), out int written, default, CultureInfo.InvariantCulture);
            _used += written;
        }

        _buffer[_used++] = (byte)'\r';
        _buffer[_used++] = (byte)'\n';
    }

    private async Task WaitAsync(long answers)
    {
        TaskCompletionSource waiting;
        lock (_gate)
        {
            if (_failure is not null)
            {
                throw new InvalidOperationException("redis refused a command", _failure);
            }

            if (_answered >= answers)
            {
                return;
            }

            _awaited = answers;
            waiting = _waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        await waiting.Task.ConfigureAwait(false);
    }

    private void CountAnswers()
    {
        try
        {
            while (true)
            {
                SkipAnswer();
                long answered = Interlocked.Increment(ref _answered);
                if (answered >= Interlocked.Read(ref _awaited))
                {
                    lock (_gate)
                    {
                        _awaited = long.MaxValue;
                        _waiting?.TrySetResult();
                    }
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or IOException or InvalidOperationException)
        {
            lock (_gate)
            {
                _failure = error;
                _waiting?.TrySetException(error);
            }
        }
    }

    private void SkipAnswer()
    {
        byte kind = ReadByte();
        if (kind == '-')
        {
            throw new InvalidOperationException(ReadLine());
        }

        if (kind is (byte)'+')
        {
            while (ReadByte() != '\n')
            {
            }

            return;
        }

        long number = ReadNumber();
        if (kind == '$' && number >= 0)
        {
            Skip(number + 2);
        }
        else if (kind == '*')
        {
            for (long i = 0; i < number; i++)
            {
                SkipAnswer();
            }
        }
    }

    private long ReadNumber()
    {
        long number = 0;
        bool isNegative = false;
        for (byte b = ReadByte(); b != '\n'; b = ReadByte())
        {
            if (b == '-')
            {
                isNegative = true;
            }
            else if (b != '\r')
            {
                number = (number * 10) + (b - '0');
            }
        }

        return isNegative ? -number : number;
    }

    private string ReadLine()
    {
        var line = new StringBuilder();
        for (byte b = ReadByte(); b != '\n'; b = ReadByte())
        {
            line.Append((char)b);
        }

        return line.ToString();
    }

    private byte ReadByte()
    {
        if (_at == _read)
        {
            Fill();
        }

        return _answers[_at++];
    }

    private void Skip(long count)
    {
        while (count > 0)
        {
            if (_at == _read)
            {
                Fill();
            }

            int step = (int)Math.Min(count, _read - _at);
            _at += step;
            count -= step;
        }
    }

    private void Fill()
    {
        _read = _socket.Receive(_answers);
        _at = 0;
        if (_read == 0)
        {
            throw new IOException("redis closed the connection");
        }
    }
}

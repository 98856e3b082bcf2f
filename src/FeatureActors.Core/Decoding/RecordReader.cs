namespace FeatureActors.Core.Decoding;

/// <summary>What ends a record of a file.</summary>
public enum RecordFraming
{
    /// <summary>A line end (LF or CR LF): JSON lines.</summary>
    Lines,

    /// <summary>A line end outside double quotes: CSV.</summary>
    Csv,
}

/// <summary>
/// Splits the bytes of a file into records and counts its lines. It reads the stream forward once, keeps one growing buffer, and
/// allocates nothing per record after warm-up. Empty lines are passed over; the last record needs no line end. Not thread-safe;
/// the stream stays the caller's.
/// </summary>
public sealed class RecordReader
{
    private const int BufferBytes = 64 * 1024;

    private readonly Stream _stream;
    private readonly RecordFraming _framing;
    private readonly int _recordBytesMax;
    private readonly byte _separator;
    private byte[] _buffer = new byte[BufferBytes];
    private int _start;
    private int _scanned;
    private int _end;
    private long _bufferOffset;
    private long _dropped;
    private long _nextLine = 1;
    private long _linesInRecord;
    private FieldState _state;
    private bool _isStreamEnd;

    /// <summary>Creates a reader that starts where <paramref name="stream"/> stands.</summary>
    /// <param name="stream">The bytes; only read.</param>
    /// <param name="framing">What ends a record.</param>
    /// <param name="recordBytesMax">Longest record that is kept; the rest of a longer one is read and dropped.</param>
    /// <param name="separator">Separator of CSV fields: a quote opens a quoted field only at a field's start.</param>
    public RecordReader(Stream stream, RecordFraming framing, int recordBytesMax, char separator = ',')
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(recordBytesMax);
        _stream = stream;
        _framing = framing;
        _recordBytesMax = recordBytesMax;
        _separator = (byte)separator;
    }

    /// <summary>1-based line on which the current record starts.</summary>
    public long Line { get; private set; }

    /// <summary>Bytes between the start of the stream and the current record.</summary>
    public long Offset { get; private set; }

    /// <summary>Bytes between the start of the stream and what follows the current record; a reader can start again there.</summary>
    public long NextOffset => _bufferOffset + _start;

    /// <summary>
    /// The current record without its line end; valid until the next read. Of a record that is too long its first bytes, one more
    /// than the longest that is kept, so that a decoder with the same bound refuses it.
    /// </summary>
    public ReadOnlyMemory<byte> Record { get; private set; }

    /// <summary>True when the current record is longer than the bound.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>Moves to the next record; false at the end of the stream.</summary>
    public bool Read()
    {
        while (!TryTake())
        {
            if (_isStreamEnd)
            {
                return false;
            }

            PrepareBuffer();
            Accept(_stream.Read(_buffer.AsSpan(_end)));
        }

        return true;
    }

    /// <summary>Moves to the next record; false at the end of the stream.</summary>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        while (!TryTake())
        {
            if (_isStreamEnd)
            {
                return false;
            }

            PrepareBuffer();
            Accept(await _stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false));
        }

        return true;
    }

    private enum FieldState
    {
        Start,
        Plain,
        Quoted,
        AfterQuote,
    }

    // A record begins at _start; what lies before _scanned holds no record end. True when a record that is not empty was taken.
    private bool TryTake()
    {
        while (true)
        {
            int lineFeed = FindRecordEnd();
            if (lineFeed < 0 && !(_isStreamEnd && _end > _start))
            {
                DropBeyondBound();
                return false;
            }

            int end = lineFeed < 0 ? _end : lineFeed;
            int kept = end - _start - (end > _start && _buffer[end - 1] == '\r' ? 1 : 0);
            Line = _nextLine;
            Offset = _bufferOffset + _start;
            IsTooLong = kept + _dropped > _recordBytesMax;
            Record = _buffer.AsMemory(_start, IsTooLong ? Math.Min(kept, _recordBytesMax + 1) : kept);
            _nextLine += _linesInRecord + (lineFeed < 0 ? 0 : 1);
            _linesInRecord = 0;
            _bufferOffset += _dropped;
            _dropped = 0;
            _start = lineFeed < 0 ? _end : lineFeed + 1;
            _scanned = _start;
            _state = FieldState.Start;
            if (kept > 0)
            {
                return true;
            }
        }
    }

    private int FindRecordEnd()
    {
        while (_scanned < _end)
        {
            ReadOnlySpan<byte> rest = _buffer.AsSpan(_scanned, _end - _scanned);
            if (_framing == RecordFraming.Lines)
            {
                int found = rest.IndexOf((byte)'\n');
                _scanned = found < 0 ? _end : _scanned + found;
                return found < 0 ? -1 : _scanned;
            }

            if (_state is FieldState.Plain or FieldState.Quoted)
            {
                int stop = _state == FieldState.Plain ? rest.IndexOfAny(_separator, (byte)'\n') : rest.IndexOfAny((byte)'"', (byte)'\n');
                if (stop < 0)
                {
                    _scanned = _end;
                    return -1;
                }

                _scanned += stop;
            }

            byte b = _buffer[_scanned];
            if (b == '\n' && _state != FieldState.Quoted)
            {
                return _scanned;
            }

            _linesInRecord += b == '\n' ? 1 : 0;
            _scanned++;
            _state = (_state, b) switch
            {
                (FieldState.Quoted, (byte)'"') => FieldState.AfterQuote,
                (FieldState.Quoted, _) => FieldState.Quoted,
                (FieldState.Start or FieldState.AfterQuote, (byte)'"') => FieldState.Quoted,
                _ => b == _separator ? FieldState.Start : FieldState.Plain,
            };
        }

        return -1;
    }

    // Everything up to _end is scanned here. Of a record beyond the bound only the first bytes stay, so the buffer stays bounded.
    private void DropBeyondBound()
    {
        int excess = _end - _start - _recordBytesMax - 2;
        if (excess > 0)
        {
            _dropped += excess;
            _end -= excess;
            _scanned = _end;
        }
    }

    private void PrepareBuffer()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _bufferOffset += _start;
            _end -= _start;
            _scanned -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
    }

    private void Accept(int count)
    {
        _isStreamEnd = count == 0;
        _end += count;
    }
}

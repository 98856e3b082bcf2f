using System.IO.Compression;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Decoding;
using FeatureActors.Core.Definitions;

namespace FeatureActors.Runtime.Ingest;

/// <summary>
/// A file with the events of one source: CSV or JSON lines, plain or gzip. The file's name says which form it has
/// (<c>.csv</c>, <c>.json</c>, <c>.jsonl</c>, <c>.ndjson</c>, before <c>.gz</c>); any other name means the source's own form. A CSV file of
/// a JSON source begins with a header; that of a CSV source does unless the source says <c>header = false</c>. Immutable.
/// </summary>
public sealed class EventFile
{
    // More bytes than any header anybody writes; a file of another kind is found out by it.
    private const int HeaderBytesMax = 1024 * 1024;

    private readonly SourceDefinition _source;
    private readonly bool _isZipped;
    private readonly bool _hasHeader;
    private readonly char _separator;

    private EventFile(string path, SourceDefinition source, bool isZipped)
    {
        Path = path;
        _source = source;
        _isZipped = isZipped;
        Format = FormatOf(path) ?? source.Format;
        _separator = source.Csv?.Delimiter ?? ',';
        _hasHeader = Format == EventFormat.Csv && (source.Csv?.HasHeader ?? true);
        Columns = Format != EventFormat.Csv ? [] : _hasHeader ? ReadHeader() : source.Csv!.Columns;
    }

    /// <summary>Path as given.</summary>
    public string Path { get; }

    /// <summary>Form of the records.</summary>
    public EventFormat Format { get; }

    /// <summary>Names of the CSV columns in order; empty for lines of JSON or of a plug-in's format.</summary>
    public IReadOnlyList<string> Columns { get; }

    /// <summary>True when a record of the file is, byte for byte, a message as the source's topic would carry it.</summary>
    public bool HoldsMessages => Format == _source.Format && (_source.Csv is not { } csv || csv.Columns.SequenceEqual(Columns));

    /// <summary>Opens a file of events of <paramref name="source"/> and reads its header, if it has one.</summary>
    /// <exception cref="EventFileException">The file cannot be read, or its header is not one.</exception>
    public static EventFile Open(string path, SourceDefinition source)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(source);
        try
        {
            return new EventFile(path, source, IsZipped(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw CouldNotRead(path, error);
        }
    }

    /// <summary>A decoder for the file's records.</summary>
    /// <param name="options">From <see cref="PlanCompiler.DecoderOptionsOf"/>.</param>
    /// <exception cref="EventFileException">The file lacks a column that a key, filter, feature or the event time reads.</exception>
    public IEventDecoder CreateDecoder(EventDecoderOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (Format == EventFormat.Custom)
        {
            return PlanCompiler.CreateDecoder(_source, options);
        }

        if (Format != EventFormat.Csv)
        {
            return new JsonEventDecoder(options);
        }

        var decoder = new CsvEventDecoder(options, new CsvFormat { Separator = _separator, Header = Columns });
        return decoder.MissingColumns.Count == 0
            ? decoder
            : throw new EventFileException(
                $"{Path} has no column {string.Join(", ", decoder.MissingColumns.Select(c => $"'{c}'"))}, which the features of source {_source.Name} read; its columns are {string.Join(", ", Columns)}");
    }

    /// <summary>Opens the file for reading, behind its header.</summary>
    /// <exception cref="EventFileException">The file cannot be opened any more.</exception>
    public EventFileReader OpenReader()
    {
        try
        {
            var reader = new EventFileReader(Path, OpenStream(), Framing, _source.MaxEventBytes, _separator);
            if (_hasHeader)
            {
                reader.SkipHeader();
            }

            return reader;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw CouldNotRead(Path, error);
        }
    }

    internal static EventFileException CouldNotRead(string path, Exception error) => new(
        error is InvalidDataException
            ? $"could not read {path}: its compressed data is damaged or ends too early; copy the file again"
            : $"could not read {path}: {error.Message}",
        error);

    private RecordFraming Framing => Format == EventFormat.Csv ? RecordFraming.Csv : RecordFraming.Lines;

    private static EventFormat? FormatOf(string path)
    {
        string name = path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? path[..^3] : path;
        return System.IO.Path.GetExtension(name).ToUpperInvariant() switch
        {
            ".CSV" => EventFormat.Csv,
            ".JSON" or ".JSONL" or ".NDJSON" => EventFormat.Json,
            _ => null,
        };
    }

    private static bool IsZipped(string path)
    {
        using FileStream file = File.OpenRead(path);
        return file.ReadByte() == 0x1F && file.ReadByte() == 0x8B;
    }

    private IReadOnlyList<string> ReadHeader()
    {
        using Stream stream = OpenStream();
        var records = new RecordReader(stream, Framing, HeaderBytesMax, _separator);
        if (!records.Read())
        {
            throw new EventFileException($"{Path} is empty: a CSV file begins with a record of its column names");
        }

        IReadOnlyList<string> columns = (records.IsTooLong ? null : CsvEventDecoder.ParseHeader(records.Record.Span, _separator))
            ?? throw new EventFileException($"{Path}:{records.Line}: the first record is no list of column names");
        string? twice = columns.GroupBy(c => c, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1)?.Key;
        return twice is null
            ? columns
            : throw new EventFileException($"{Path}:{records.Line}: the column '{twice}' is there twice");
    }

    private Stream OpenStream()
    {
        // Without it a file that was cut off ends like a whole one, and events would be missing in silence.
        AppContext.SetSwitch("System.IO.Compression.UseStrictValidation", true);
        var file = new FileStream(
            Path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 128 * 1024, FileOptions.SequentialScan);
        return _isZipped ? new GZipStream(file, CompressionMode.Decompress) : file;
    }
}

/// <summary>Reads the records of an <see cref="EventFile"/> in order. Not safe for concurrent use.</summary>
public sealed class EventFileReader : IDisposable
{
    private readonly string _path;
    private readonly Stream _stream;
    private readonly RecordReader _records;
    private bool _isFirst = true;

    internal EventFileReader(string path, Stream stream, RecordFraming framing, int recordBytesMax, char separator)
    {
        _path = path;
        _stream = stream;
        _records = new RecordReader(stream, framing, recordBytesMax, separator);
    }

    /// <summary>0-based number of the current record among the file's events; −1 before the first.</summary>
    public long Number { get; private set; } = -1;

    /// <summary>1-based line of the file on which the current record starts.</summary>
    public long Line => _records.Line;

    /// <summary>The current record; valid until the next read. Of a record above the source's <c>max-event-bytes</c> only its start.</summary>
    public ReadOnlyMemory<byte> Record { get; private set; }

    /// <summary>Moves to the next record; false at the end of the file.</summary>
    /// <exception cref="EventFileException">The rest of the file cannot be read.</exception>
    public bool Read()
    {
        try
        {
            return Take(_records.Read());
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            throw EventFile.CouldNotRead(_path, error);
        }
    }

    /// <summary>Moves to the next record; false at the end of the file.</summary>
    /// <exception cref="EventFileException">The rest of the file cannot be read.</exception>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return Take(await _records.ReadAsync(cancellationToken).ConfigureAwait(false));
        }
        catch (Exception error) when (error is IOException or InvalidDataException)
        {
            throw EventFile.CouldNotRead(_path, error);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    internal void SkipHeader()
    {
        _records.Read();
        _isFirst = false;
    }

    private bool Take(bool isThere)
    {
        if (!isThere)
        {
            Record = default;
            return false;
        }

        Record = _records.Record;
        if (_isFirst && Record.Span.StartsWith("\uFEFF"u8))
        {
            Record = Record[3..];
        }

        _isFirst = false;
        Number++;
        return true;
    }
}

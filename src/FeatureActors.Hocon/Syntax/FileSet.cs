using System.Text;
using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Hocon.Syntax;

/// <summary>Reads the files of one document and keeps its bounds. It also carries what all of them share: errors and options.</summary>
internal sealed class FileSet(HoconOptions options)
{
    // More errors than this help nobody and usually have one cause.
    private const int ErrorsMax = 100;
    private const char ByteOrderMark = '\uFEFF';

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<string> _open = [];
    private int _files;

    public HoconOptions Options { get; } = options;

    public List<ConfigError> Errors { get; } = [];

    /// <summary>True when a mistake hid keys, so that substitutions may miss them.</summary>
    public bool MayMissKeys { get; set; }

    public void Error(ConfigPosition position, string message, string? hint = null)
    {
        Errors.Add(new ConfigError(position, message, hint));
        if (Errors.Count >= ErrorsMax)
        {
            throw new SyntaxAbortException();
        }
    }

    /// <summary>Reads a text that is already in memory, as the outermost one.</summary>
    public SyntaxObject ReadText(string text, string fileName)
    {
        if (text.Length > Options.FileBytesMax)
        {
            Error(new ConfigPosition(fileName, 1, 1), $"the text is larger than {Options.FileBytesMax} bytes");
            throw new SyntaxAbortException();
        }

        return Read(text, fileName, null);
    }

    /// <summary>
    /// Reads a file; <paramref name="cause"/> is the place that asks for it. Returns null when there is no such file and
    /// <paramref name="isRequired"/> is false, or when an error was added.
    /// </summary>
    public SyntaxObject? ReadFile(string path, IncludeScope? scope, ConfigPosition cause, bool isRequired)
    {
        string fullPath = Path.GetFullPath(path);
        if (_open.Contains(fullPath))
        {
            IEnumerable<string> circle = _open.SkipWhile(open => open != fullPath).Append(fullPath).Select(p => Path.GetFileName(p));
            Error(cause, $"include cycle: {string.Join(" → ", circle)}", "remove one of these includes");
            return null;
        }

        string? text = Load(path, cause, isRequired);
        if (text is null)
        {
            return null;
        }

        _open.Add(fullPath);
        SyntaxObject root = Read(text, path, scope);
        _open.RemoveAt(_open.Count - 1);
        return root;
    }

    private SyntaxObject Read(string text, string fileName, IncludeScope? scope) =>
        new SyntaxReader(text, fileName, this, scope).ReadRoot();

    private string? Load(string path, ConfigPosition cause, bool isRequired)
    {
        if (++_files > Options.FilesMax)
        {
            Error(cause, $"more than {Options.FilesMax} files are included");
            throw new SyntaxAbortException();
        }

        byte[] bytes;
        try
        {
            using FileStream stream = File.OpenRead(path);
            bytes = new byte[(int)Math.Min(stream.Length, Options.FileBytesMax) + 1];
            int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > Options.FileBytesMax)
            {
                Error(cause, $"could not read {path}: it is larger than {Options.FileBytesMax} bytes");
                return null;
            }

            bytes = bytes[..length];
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            if (isRequired)
            {
                Error(cause, $"could not read {path}: the file does not exist");
            }

            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            string reason = Directory.Exists(path) ? "it is a directory" : e.Message;
            Error(cause, $"could not read {path}: {reason}");
            return null;
        }

        return Decode(bytes, path);
    }

    private string? Decode(byte[] bytes, string path)
    {
        try
        {
            return StrictUtf8.GetString(bytes).TrimStart(ByteOrderMark);
        }
        catch (DecoderFallbackException e)
        {
            string before = StrictUtf8.GetString(bytes, 0, Math.Max(0, e.Index)).TrimStart(ByteOrderMark);
            int line = before.Count(c => c == '\n') + 1;
            int column = before.Length - (before.LastIndexOf('\n') + 1) + 1;
            Error(new ConfigPosition(path, line, column), "the file is not valid UTF-8", "save it as UTF-8");
            return null;
        }
    }
}

/// <summary>Where a file was included.</summary>
/// <param name="Path">The absolute path of the object that includes it; null inside an array, where nothing has a path.</param>
/// <param name="Depth">How deep that object is nested.</param>
/// <param name="Outer">The same for the including file; null when that is the outermost one.</param>
internal sealed record IncludeScope(IReadOnlyList<string>? Path, int Depth, IncludeScope? Outer);

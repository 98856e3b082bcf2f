using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Hocon.Resolution;
using FeatureActors.Hocon.Syntax;

namespace FeatureActors.Hocon;

/// <summary>
/// Reads HOCON (and JSON, which is a part of it). What is supported and refused stands in docs/hocon.md. All methods are safe for
/// concurrent use and do file reads on the calling thread: they are meant for start-up and commands.
/// </summary>
public static class HoconParser
{
    /// <summary>Reads a file with its includes and resolves it over the fallback layers of <paramref name="options"/>.</summary>
    /// <exception cref="ConfigException">The file cannot be read, or it or an included file has mistakes; carries all that were found.</exception>
    public static ConfigObject ParseFile(string path, HoconOptions? options = null) =>
        Run(options, files => Resolve(files, ReadFile(files, path)));

    /// <summary>
    /// Reads a text as if it were the file <paramref name="fileName"/> (which need not exist; includes are relative to its
    /// folder) and resolves it over the fallback layers of <paramref name="options"/>.
    /// </summary>
    /// <exception cref="ConfigException">The text or an included file has mistakes; carries all that were found.</exception>
    public static ConfigObject ParseText(string text, string fileName, HoconOptions? options = null) =>
        Run(options, files => Resolve(files, files.ReadText(text, fileName)));

    /// <summary>Reads a file with its includes, without resolving it, to be a layer in <see cref="HoconOptions.Fallbacks"/>.</summary>
    /// <exception cref="ConfigException">The file cannot be read, or it or an included file has mistakes; carries all that were found.</exception>
    public static HoconDocument ReadFile(string path, HoconOptions? options = null) =>
        Run(options, files => new HoconDocument(ReadFile(files, path)));

    /// <summary>Reads a text, without resolving it, to be a layer in <see cref="HoconOptions.Fallbacks"/>.</summary>
    /// <exception cref="ConfigException">The text or an included file has mistakes; carries all that were found.</exception>
    public static HoconDocument ReadText(string text, string fileName, HoconOptions? options = null) =>
        Run(options, files => new HoconDocument(files.ReadText(text, fileName)));

    private static SyntaxObject ReadFile(FileSet files, string path) =>
        files.ReadFile(path, null, new ConfigPosition(path, 1, 1), isRequired: true) ?? throw new SyntaxAbortException();

    private static ConfigObject Resolve(FileSet files, SyntaxObject root)
    {
        SyntaxObject? merged = null;
        foreach (HoconDocument layer in files.Options.Fallbacks.Reverse())
        {
            Lay(layer.Copy());
        }

        Lay(root);
        return new Resolver(merged!, files.Options, files).Resolve();

        void Lay(SyntaxObject upper)
        {
            if (merged is null)
            {
                merged = upper;
            }
            else
            {
                merged.Overlay(upper);
            }
        }
    }

    private static T Run<T>(HoconOptions? options, Func<FileSet, T> work)
    {
        var files = new FileSet(options ?? HoconOptions.Default);
        T? result = default;
        try
        {
            result = work(files);
        }
        catch (SyntaxAbortException)
        {
            // The list of errors says why.
        }

        return files.Errors.Count == 0 ? result! : throw new ConfigException(InOrder(files.Errors));
    }

    private static List<ConfigError> InOrder(List<ConfigError> errors) =>
        [.. errors.OrderBy(e => e.Position.File, StringComparer.Ordinal).ThenBy(e => e.Position.Line).ThenBy(e => e.Position.Column)];
}

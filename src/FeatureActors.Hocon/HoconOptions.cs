namespace FeatureActors.Hocon;

/// <summary>How HOCON text is read and resolved. Immutable.</summary>
public sealed class HoconOptions
{
    /// <summary>The defaults: the process environment, no fallback layers.</summary>
    public static HoconOptions Default { get; } = new();

    /// <summary>
    /// Looks up an environment variable for substitutions that the configuration does not define; null means not set.
    /// Default: the environment of the process.
    /// </summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>
    /// Layers below the parsed text, strongest first, such as <c>reference.conf</c>. Layers are merged first and substitutions
    /// of all of them resolve against the merged tree, so a user's value reaches every place where a layer refers to it.
    /// </summary>
    public IReadOnlyList<HoconDocument> Fallbacks { get; init; } = [];

    /// <summary>Largest single file or text in bytes. Default 4 MiB; a larger one is refused, since it is hardly a configuration.</summary>
    public int FileBytesMax { get; init; } = 4 << 20;

    /// <summary>Most files one document may read through includes, counting repeated ones. Default 200.</summary>
    public int FilesMax { get; init; } = 200;

    /// <summary>
    /// Deepest nesting of objects, arrays and path elements, before and after substitution. Default 64, at most 500:
    /// readers of the tree may recurse.
    /// </summary>
    public int DepthMax
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 500);
            field = value;
        }
    } = 64;

    /// <summary>
    /// Most values the resolved tree may hold, counting shared ones each time; long texts count one per 16 characters.
    /// Default 1,000,000. It stops text that grows exponentially through substitutions.
    /// </summary>
    public int ResolvedValuesMax { get; init; } = 1_000_000;
}

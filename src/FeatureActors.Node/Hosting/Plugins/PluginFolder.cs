namespace FeatureActors.Node.Hosting.Plugins;

/// <summary>
/// The folder with plug-ins: <c>&lt;folder&gt;/&lt;name&gt;/&lt;name&gt;.dll</c>. Nothing outside is ever read: a link that leads out is refused.
/// </summary>
internal sealed class PluginFolder(string path)
{
    /// <summary>The folder as it was stated.</summary>
    public string Path { get; } = path;

    /// <summary>Names of all plug-ins, in ordinal order; none when there is no folder.</summary>
    public IReadOnlyList<string> Names() => Directory.Exists(Path)
        ? [.. Directory.EnumerateDirectories(Path).Select(static d => System.IO.Path.GetFileName(d)).Where(static n => n[0] != '.').Order(StringComparer.Ordinal)]
        : [];

    /// <summary>The folder of one plug-in.</summary>
    /// <exception cref="PluginException">There is none, or it stands elsewhere.</exception>
    public string FolderOf(string name)
    {
        if (name.Length == 0 || name[0] == '.' || name.AsSpan().ContainsAny('/', '\\', '\0'))
        {
            throw new PluginException($"'{name}' cannot be the name of a plug-in");
        }

        string folder = System.IO.Path.Combine(Path, name);
        return Directory.Exists(folder)
            ? RealPath(folder)
            : throw new PluginException($"there is no plug-in '{name}': {folder} is missing; there is {(Names() is { Count: > 0 } names ? string.Join(", ", names) : "none")}");
    }

    /// <summary>Reads a file of a plug-in, so that the file is free again at once.</summary>
    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="PluginException">It is a link that leads out of the folder, or cannot be read.</exception>
    public byte[]? Read(string name, string file)
    {
        string path = System.IO.Path.Combine(FolderOf(name), file);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return File.ReadAllBytes(RealPath(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new PluginException($"plug-in '{name}': {path} cannot be read: {error.Message}", error);
        }
    }

    private string RealPath(string path)
    {
        string root = Resolve(System.IO.Path.GetFullPath(Path));
        string real = Resolve(System.IO.Path.GetFullPath(path));
        return real.StartsWith(root + System.IO.Path.DirectorySeparatorChar, StringComparison.Ordinal)
            ? real
            : throw new PluginException($"{path} is a link that leads out of {Path}: plug-ins are loaded from that folder only");
    }

    // Every part of the path may be a link.
    private static string Resolve(string path)
    {
        string root = System.IO.Path.GetPathRoot(path)!;
        string real = root;
        foreach (string part in path[root.Length..].Split(System.IO.Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries))
        {
            string next = System.IO.Path.Combine(real, part);
            FileSystemInfo info = Directory.Exists(next) ? new DirectoryInfo(next) : new FileInfo(next);
            real = info.ResolveLinkTarget(returnFinalTarget: true) is { } target ? Resolve(System.IO.Path.GetFullPath(target.FullName)) : next;
        }

        return real;
    }
}

namespace FeatureActors.Deployment.Tests;

/// <summary>The repository's files, some of them changed in memory: a check that a planted fault must find reads through this.</summary>
internal sealed class RepositoryFiles
{
    private readonly Dictionary<string, string> _changed = new(StringComparer.Ordinal);

    /// <summary>The same files with a text replaced in one, or a new file.</summary>
    /// <param name="path">Relative to the root.</param>
    /// <param name="old">What stands there, once or more; empty for a new file.</param>
    /// <param name="text">What stands there instead.</param>
    internal RepositoryFiles With(string path, string old, string text)
    {
        var files = new RepositoryFiles();
        foreach ((string name, string changed) in _changed)
        {
            files._changed[name] = changed;
        }

        string before = old.Length == 0 ? "" : Read(path);
        Assert.True(old.Length == 0 || before.Contains(old, StringComparison.Ordinal), $"{path} does not hold: {old}");
        files._changed[path] = old.Length == 0 ? text : before.Replace(old, text, StringComparison.Ordinal);
        return files;
    }

    internal bool Exists(string path) => _changed.ContainsKey(path) || File.Exists(Path.Combine(Repository.Root, path));

    internal static bool IsFolder(string path) => Directory.Exists(Path.Combine(Repository.Root, path));

    internal string Read(string path) => _changed.TryGetValue(path, out string? text) ? text : File.ReadAllText(Path.Combine(Repository.Root, path));

    /// <summary>Files below a folder, relative to the root.</summary>
    internal IEnumerable<string> Below(string folder) => Directory
        .EnumerateFiles(Path.Combine(Repository.Root, folder), "*", SearchOption.AllDirectories)
        .Select(static file => Path.GetRelativePath(Repository.Root, file))
        .Union(_changed.Keys.Where(file => file.StartsWith(folder + "/", StringComparison.Ordinal)))
        .Order(StringComparer.Ordinal);
}

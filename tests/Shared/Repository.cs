namespace FeatureActors.Tests;

/// <summary>The files of the repository that the tests were built from.</summary>
internal static class Repository
{
    private static readonly string[] GeneratedFolders = ["artifacts", "bin", "obj", ".git", ".fa", "node_modules"];

    internal static string Root { get; } = FindRoot();

    /// <summary>Files with the given ending below a folder, as paths relative to the root; nothing generated.</summary>
    internal static IEnumerable<string> Files(string folder, string ending)
    {
        string start = Path.Combine(Root, folder);
        return !Directory.Exists(start)
            ? []
            : Directory.EnumerateFiles(start, "*" + ending, SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(Root, file))
                .Where(file => !file.Split(Path.DirectorySeparatorChar).Intersect(GeneratedFolders).Any())
                .Order(StringComparer.Ordinal);
    }

    internal static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FeatureActors.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"no FeatureActors.sln above {AppContext.BaseDirectory}");
    }
}

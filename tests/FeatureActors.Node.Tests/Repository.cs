namespace FeatureActors.Node.Tests;

/// <summary>The repository that the tests were built from.</summary>
internal static class Repository
{
    internal static string Root { get; } = FindRoot();

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

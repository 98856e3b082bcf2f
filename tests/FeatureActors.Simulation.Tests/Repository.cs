namespace FeatureActors.Simulation.Tests;

/// <summary>Where the sources lie.</summary>
internal static class Repository
{
    private static readonly Lazy<string> Found = new(static () =>
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "FeatureActors.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"no sources above {AppContext.BaseDirectory}");
    });

    public static string Root => Found.Value;
}

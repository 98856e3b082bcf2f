using FeatureActors.Abstractions.Errors;

namespace FeatureActors.LocalServers;

/// <summary>Finds binaries on the path, and in the folders where Debian keeps them beside it.</summary>
internal static class Executable
{
    private static readonly string[] FurtherFolders = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/bin", "/sbin"];

    /// <summary>The full path, or null.</summary>
    internal static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? string.Empty)
            .Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(FurtherFolders)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    /// <summary>The full path.</summary>
    /// <exception cref="DependencyUnavailableException">It is not installed; says which package has it.</exception>
    internal static string Require(string name, string package) =>
        Find(name) ?? throw Missing(name, package);

    internal static DependencyUnavailableException Missing(string name, string package) => new(
        name,
        $"could not start a local server: {name} is not installed; ./fa installs it, by hand: apt-get install {package}");
}

using System.Globalization;

namespace FeatureActors.LocalServers;

/// <summary>
/// Folders of local servers, named after the process that made them. A process that was killed leaves its folders
/// behind; the next one that makes a folder removes them.
/// </summary>
internal static class TemporaryFolder
{
    private const string Prefix = "featureactors-";

    internal static string Create(string kind)
    {
        RemoveAbandoned();
        string path = Path.Combine(
            Path.GetTempPath(), $"{Prefix}{Environment.ProcessId}-{kind}-{Guid.NewGuid().ToString("N")[..8]}");
        Directory.CreateDirectory(path);
        return path;
    }

    internal static void Remove(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // A straggling child may still write into it; the next run removes it.
        }
    }

    private static void RemoveAbandoned()
    {
        foreach (string path in Directory.EnumerateDirectories(Path.GetTempPath(), $"{Prefix}*"))
        {
            string owner = Path.GetFileName(path)[Prefix.Length..].Split('-')[0];
            if (int.TryParse(owner, NumberStyles.None, CultureInfo.InvariantCulture, out int processId)
                && Directory.Exists("/proc/self")
                && !Directory.Exists($"/proc/{processId}"))
            {
                Remove(path);
            }
        }
    }
}

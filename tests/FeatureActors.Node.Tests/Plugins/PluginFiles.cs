namespace FeatureActors.Node.Tests.Plugins;

/// <summary>The plug-ins that were built beside these tests.</summary>
internal static class PluginFiles
{
    /// <summary>Puts a built plug-in into a folder as <c>&lt;folder&gt;/&lt;name&gt;/&lt;name&gt;.dll</c>.</summary>
    public static void Put(string project, string assembly, string folder, string? name = null)
    {
        name ??= assembly;
        Directory.CreateDirectory(Path.Combine(folder, name));
        foreach (string ending in new[] { ".dll", ".pdb" })
        {
            File.Copy(Path.Combine(BuiltFolder(project), assembly + ending), Path.Combine(folder, name, name + ending), overwrite: true);
        }
    }

    public static void PutTally(string folder) => Put("FeatureActors.TallyPlugin", "tally", folder);

    public static void PutKinds(string folder) => Put("FeatureActors.KindsPlugin", "kinds", folder);

    public static void PutNextTally(string folder) => Put("FeatureActors.TallyPlugin.Next", "tally", folder);

    public static string BuiltFolder(string project)
    {
        // artifacts/bin/<project>/<configuration>
        string own = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        return Path.Combine(Repository.Root, "artifacts", "bin", project, Path.GetFileName(own));
    }
}

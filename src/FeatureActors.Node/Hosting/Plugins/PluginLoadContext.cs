using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using FeatureActors.Abstractions.Features;

namespace FeatureActors.Node.Hosting.Plugins;

/// <summary>
/// The world of one plug-in: it shares <c>FeatureActors.Abstractions</c> and what .NET itself brings with the node, everything else
/// comes from its own folder. Collectible: gone once nothing refers to it any more.
/// </summary>
internal sealed class PluginLoadContext(PluginFolder folder, string plugin) : AssemblyLoadContext($"plug-in {plugin}", isCollectible: true)
{
    private static readonly string Framework = RuntimeEnvironment.GetRuntimeDirectory();

    /// <summary>The assembly that plug-ins and the node share.</summary>
    public static Assembly Shared { get; } = typeof(IFeatureType).Assembly;

    /// <summary>True for an assembly of .NET itself.</summary>
    public static bool IsOfFramework(string name) => File.Exists(Path.Combine(Framework, name + ".dll"));

    /// <summary>Loads a file of the plug-in's folder from its bytes; null when there is none.</summary>
    public Assembly? LoadFile(string file)
    {
        if (folder.Read(plugin, file) is not { } bytes)
        {
            return null;
        }

        // With its symbols, so that dead letters show lines.
        byte[]? symbols = folder.Read(plugin, Path.ChangeExtension(file, ".pdb"));
        using var code = new MemoryStream(bytes);
        using MemoryStream? debug = symbols is null ? null : new MemoryStream(symbols);
        return LoadFromStream(code, debug);
    }

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        string name = assemblyName.Name!;
        if (name == Shared.GetName().Name)
        {
            return Shared;
        }

        // Null asks the node's own context, which would hand out the node's other assemblies too: only .NET's may come from there.
        return LoadFile(name + ".dll") ?? (IsOfFramework(name)
            ? null
            : throw new FileNotFoundException(
                $"it needs {assemblyName.Name} {assemblyName.Version}, which is not in its folder; a plug-in shares FeatureActors.Abstractions with the node and nothing else"));
    }
}

using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Plugins;

namespace FeatureActors.Node.Hosting.Plugins;

/// <summary>Loads plug-ins: checks what an assembly needs, brings it into a context of its own and creates what it has.</summary>
internal static class PluginLoader
{
    /// <summary>Loads the plug-in called <paramref name="name"/>.</summary>
    /// <exception cref="PluginException">It cannot be loaded; nothing of it stays.</exception>
    public static LoadedPlugin Load(PluginFolder folder, string name)
    {
        string file = name + ".dll";
        byte[] bytes = folder.Read(name, file)
            ?? throw new PluginException($"plug-in '{name}' has no {file} in {folder.FolderOf(name)}: folder and assembly have the same name");
        CheckReferences(name, bytes);
        var context = new PluginLoadContext(folder, name);
        try
        {
            return Create(name, context, context.LoadFile(file)!);
        }
        catch (Exception error)
        {
            context.Unload();
            throw error as PluginException ?? new PluginException($"plug-in '{name}' cannot be loaded: {error.Message}", error);
        }
    }

    private static void CheckReferences(string name, byte[] bytes)
    {
        AssemblyName shared = PluginLoadContext.Shared.GetName();
        try
        {
            using var file = new PEReader(new MemoryStream(bytes));
            MetadataReader metadata = file.GetMetadataReader();
            foreach (AssemblyReferenceHandle handle in metadata.AssemblyReferences)
            {
                AssemblyReference reference = metadata.GetAssemblyReference(handle);
                if (metadata.GetString(reference.Name) != shared.Name)
                {
                    continue;
                }

                Version wanted = reference.Version;
                if (wanted.Major != shared.Version!.Major || wanted > shared.Version)
                {
                    throw new PluginException(
                        $"plug-in '{name}' was built against {shared.Name} {wanted}, this node has {shared.Version}: build it against the node's release");
                }

                return;
            }
        }
        catch (Exception error) when (error is BadImageFormatException or InvalidOperationException)
        {
            throw new PluginException($"plug-in '{name}': {name}.dll is no .NET assembly", error);
        }

        throw new PluginException($"plug-in '{name}' does not reference {shared.Name}: it has nothing that a node could use");
    }

    private static LoadedPlugin Create(string name, PluginLoadContext context, Assembly assembly)
    {
        var plugin = new LoadedPlugin(name, VersionOf(assembly), context);
        foreach (Type type in assembly.GetExportedTypes())
        {
            if (!type.IsClass || type.IsAbstract || type.ContainsGenericParameters || type.GetConstructor(Type.EmptyTypes) is not { } constructor)
            {
                continue;
            }

            _ = Bring<IFeatureType>(plugin, constructor, static t => t.Name, '-', t => plugin.Types.Add(new PluginFeatureType(t, name)))
                | Bring<IFeatureConvertType>(plugin, constructor, static c => c.Name, '-', c => BringConversion(plugin, c))
                | Bring<ITriggerType>(plugin, constructor, static t => t.Name, '-', t => plugin.Triggers.Add(new PluginTriggerType(t, name)))
                | Bring<IScalarFunction>(plugin, constructor, static f => f.Name, '_', f => plugin.Functions.Add(new PluginFunction(f, name)))
                | Bring<IEventFormat>(plugin, constructor, static f => f.Name, '-', f => plugin.Formats.Add(new PluginEventFormat(f, name)))
                | Bring<ILookupType>(plugin, constructor, static l => l.Name, '-', l => plugin.Lookups.Add(new PluginLookupType(l, name)))
                | Bring<ISlotAssignerType>(plugin, constructor, static s => s.Name, '-', s => plugin.Slots.Add(new PluginSlots(s, name)))
                | Bring<IFeatureSinkType>(plugin, constructor, static s => s.Name, '-', s => plugin.Sinks.Add(new PluginSinkType(s, name)));
        }

        return plugin.Contents.Any()
            ? plugin
            : throw new PluginException(
                $"plug-in '{name}' has no public class with a constructor without parameters that implements IFeatureType, ITriggerType, IScalarFunction, IFeatureConvertType, IEventFormat, ILookupType, ISlotAssignerType or IFeatureSinkType");
    }

    // What the author states in <Version>; a build adds the commit behind a plus.
    private static string VersionOf(Assembly assembly) =>
        assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? assembly.GetName().Version?.ToString() ?? "0.0.0.0";

    private static void BringConversion(LoadedPlugin plugin, IFeatureConvertType convert)
    {
        var type = new PluginFeatureType(new ConvertFeatureType(convert), plugin.Name);
        plugin.Types.Add(type);
        plugin.Conversions.Add(type.Name);
    }

    /// <summary>Takes an object of a class that implements <typeparamref name="T"/>; false when it does not.</summary>
    private static bool Bring<T>(LoadedPlugin plugin, ConstructorInfo constructor, Func<T, string?> nameOf, char joint, Action<T> take)
    {
        if (!typeof(T).IsAssignableFrom(constructor.DeclaringType))
        {
            return false;
        }

        T instance = Construct<T>(plugin.Name, constructor);
        CheckName(plugin.Name, constructor.DeclaringType!, nameOf(instance), joint);
        take(instance);
        return true;
    }

    private static T Construct<T>(string plugin, ConstructorInfo constructor)
    {
        try
        {
            return (T)constructor.Invoke(null);
        }
        catch (TargetInvocationException error)
        {
            throw new PluginException($"plug-in '{plugin}': the constructor of {constructor.DeclaringType} threw {error.InnerException}", error);
        }
    }

    private static void CheckName(string plugin, Type type, string? name, char joint)
    {
        if (string.IsNullOrEmpty(name) || !char.IsAsciiLetter(name[0]) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c == joint))
        {
            throw new PluginException($"plug-in '{plugin}': {type} calls itself '{name}': a name has letters, digits and {joint}, and begins with a letter");
        }
    }
}

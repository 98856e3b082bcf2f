using System.CommandLine;
using FeatureActors.Node.Options;

namespace FeatureActors.Node.Commands;

/// <summary>Options that several commands share.</summary>
internal static class CommonOptions
{
    public static Option<string> Definitions() => new("--definitions")
    {
        Description = "File with the definitions (HOCON)",
        HelpName = "file",
        Required = true,
    };

    public static Option<string> Source() => new("--source")
    {
        Description = "Source, as the definitions call it",
        HelpName = "name",
        Required = true,
    };

    public static Option<string> Config(bool hasDefault = true) => new("--config")
    {
        Description = hasDefault ? "Configuration of the node (HOCON); hocon/node.conf unless stated" : "Configuration of the node (HOCON)",
        HelpName = "file",
        DefaultValueFactory = _ => hasDefault ? Environment.GetEnvironmentVariable("FA_CONFIG") ?? "hocon/node.conf" : null!,
    };

    public static Option<string?> Plugins() => new("--plugins")
    {
        Description = "Folder with plug-ins; that of the configuration, else plugins, unless stated",
        HelpName = "folder",
    };

    /// <summary>The folder with plug-ins of a command that may have a configuration.</summary>
    public static string PluginFolder(string? stated, NodeOptions? node) => stated ?? node?.Plugins.Folder ?? new PluginsSection().Folder;

    public static Option<string?> NodeAddress() => new("--node")
    {
        Description = "Node to ask, host:port; the one of the configuration unless stated. Any node answers for all",
        HelpName = "host:port",
    };

    public static Option<bool> Json() => new("--json")
    {
        Description = "Write JSON",
    };
}

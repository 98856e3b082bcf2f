namespace FeatureActors.Node.Hosting.Plugins;

/// <summary>A plug-in cannot be loaded or exchanged; the message says which, why and what to do.</summary>
internal sealed class PluginException(string message, Exception? inner = null) : Exception(message, inner);

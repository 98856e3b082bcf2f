namespace FeatureActors.Core.Plugins;

/// <summary>A plug-in failed, or returned something that it must not: a value that is no JSON, state beyond its bound.</summary>
public sealed class PluginFaultException : Exception
{
    /// <summary>A plug-in returned what it must not.</summary>
    /// <param name="message">What, in one sentence.</param>
    public PluginFaultException(string message)
        : base(message)
    {
    }

    /// <summary>A plug-in threw.</summary>
    /// <param name="message">What it was asked to do.</param>
    /// <param name="inner">What it threw.</param>
    public PluginFaultException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

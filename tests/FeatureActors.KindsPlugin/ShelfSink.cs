using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.KindsPlugin;

/// <summary><c>custom:shelf</c>: values as files of a folder, one for each key; for one process.</summary>
public sealed class ShelfSink : IFeatureSinkType
{
    /// <inheritdoc/>
    public string Name => "shelf";

    /// <inheritdoc/>
    public IFeatureSink? Open(SettingsBinding settings, string definitionsNamespace, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(settings);
        string folder = settings.Text("folder", null);
        if (folder.Length == 0)
        {
            settings.Error("folder", "must not be empty");
            return null;
        }

        return new Shelf(folder, $"fa:{definitionsNamespace}:", settings.Flag("is-moody", false), time);
    }
}

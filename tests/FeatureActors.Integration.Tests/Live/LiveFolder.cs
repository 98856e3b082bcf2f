namespace FeatureActors.Integration.Tests.Live;

/// <summary>A temporary folder of one test.</summary>
internal sealed class LiveFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("featureactors-live-").FullName;

    public string Of(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a text file and answers its path.</summary>
    public string Write(string name, string text)
    {
        File.WriteAllText(Of(name), text);
        return Of(name);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

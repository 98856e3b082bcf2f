using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Node.Hosting.Plugins;

/// <summary>
/// What of the plug-ins is switched off, and why, in the data directory: a node that had to be started again because of a plug-in
/// must not begin by calling it.
/// </summary>
internal sealed class SwitchedOffFile(string dataDirectory, ILogger logger)
{
    private readonly string _path = Path.Combine(dataDirectory, "plugins-off.json");

    /// <summary>Names and reasons; none when there is no file, or when it cannot be read.</summary>
    public IReadOnlyDictionary<string, string> Read()
    {
        try
        {
            return File.Exists(_path) ? JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllBytes(_path)) ?? [] : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            Log.SwitchesLost(logger, _path, error.Message);
            return new Dictionary<string, string>();
        }
    }

    /// <summary>Replaces what is written, all of it or nothing.</summary>
    public void Write(IReadOnlyDictionary<string, string> off)
    {
        try
        {
            File.WriteAllBytes(_path + ".new", JsonSerializer.SerializeToUtf8Bytes(off));
            File.Move(_path + ".new", _path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Log.SwitchesLost(logger, _path, error.Message);
        }
    }
}

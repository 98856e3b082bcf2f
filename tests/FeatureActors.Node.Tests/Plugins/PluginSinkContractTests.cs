using System.Text;
using System.Text.Json.Nodes;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Hocon;
using FeatureActors.Node.Hosting.Plugins;
using FeatureActors.Node.Options;
using FeatureActors.TestKit.Contracts;

namespace FeatureActors.Node.Tests.Plugins;

/// <summary>The contract of sinks over one that a plug-in brings, as a node opens it.</summary>
public sealed class PluginSinkContractTests : FeatureSinkContract, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fa-sink-").FullName;
    private readonly PluginSet _plugins;

    public PluginSinkContractTests()
    {
        PluginFiles.PutKinds(Path.Combine(_folder, "plugins"));
        _plugins = PluginSet.Load(Path.Combine(_folder, "plugins"));
    }

    protected override string Prefix => "fa:t:g:";

    protected override long NowMs => TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private string Shelf => Path.Combine(_folder, "shelf");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    protected override ValueTask<IFeatureSink> OpenAsync()
    {
        ConfigObject settings = HoconParser.ParseText($"folder = \"{Shelf}\"", "node.conf");
        return ValueTask.FromResult<IFeatureSink>(_plugins.OpenSink(
            new SinkSection { Type = "custom:shelf", Settings = new SinkSettings(settings, new ConfigPosition("node.conf", 1, 1)) }, "t", TimeSpan.FromMinutes(1), TimeProvider.System));
    }

    protected override ValueTask<IReadOnlyDictionary<string, string>?> ReadAsync(string key) => ValueTask.FromResult(
        (IReadOnlyDictionary<string, string>?)Find(key)?["Fields"]!.AsObject().ToDictionary(static f => f.Key, static f => f.Value!.GetValue<string>(), StringComparer.Ordinal));

    protected override ValueTask<long?> FindExpiryMsAsync(string key) => ValueTask.FromResult((long?)Find(key)?["ExpireAtMs"]!.GetValue<long>());

    protected override ValueTask LoseEverythingAsync()
    {
        Directory.Delete(Shelf, recursive: true);
        return ValueTask.CompletedTask;
    }

    protected override ValueTask LoseKeyAsync(string key)
    {
        File.Delete(FileOf(key));
        return ValueTask.CompletedTask;
    }

    private string FileOf(string key) => Path.Combine(Shelf, Convert.ToHexString(Encoding.UTF8.GetBytes(key)) + ".key");

    private JsonNode? Find(string key)
    {
        JsonNode? value = File.Exists(FileOf(key)) ? JsonNode.Parse(File.ReadAllText(FileOf(key))) : null;
        return value?["ExpireAtMs"]!.GetValue<long>() is { } expiry && expiry != 0 && expiry <= NowMs ? null : value;
    }
}

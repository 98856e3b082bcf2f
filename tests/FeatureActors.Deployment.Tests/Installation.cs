using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Core.Definitions;
using FeatureActors.Deployment.Tests.Kustomize;
using FeatureActors.Hocon;
using FeatureActors.Node.Hosting.Plugins;
using FeatureActors.Node.Options;

namespace FeatureActors.Deployment.Tests;

/// <summary>What a folder of k8s/ installs: its objects, and the node that they start, as its own code reads their configuration.</summary>
internal sealed partial class Installation
{
    public const string App = "feature-actors";
    public const string Config = "hocon/cluster.conf";

    public Installation(RepositoryFiles files, string folder)
    {
        Files = files;
        Manifests = Kustomization.Render(files, folder);
        Set = Manifests.Find("StatefulSet", App) ?? [];
        Container = Set.At("spec/template/spec/containers/0") as JsonObject ?? [];
        Errors = [.. Manifests.Errors];
        Environment = ReadEnvironment();
        Options = ReadOptions();
        Model = ReadDefinitions();
    }

    public RepositoryFiles Files { get; }

    public Kustomization Manifests { get; }

    /// <summary>What could not be rendered or read.</summary>
    public List<string> Errors { get; }

    public JsonObject Set { get; }

    public JsonObject Container { get; }

    /// <summary>Variables of the container; those that Kubernetes fills in with a text of their own.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    public NodeOptions Options { get; }

    public DefinitionsModel? Model { get; }

    /// <summary>Variables that the configuration asks for.</summary>
    public static IReadOnlySet<string> Asked(RepositoryFiles files) =>
        Substitution().Matches(files.Read(Config)).Select(static m => m.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);

    /// <summary>The node's configuration under an environment. Files with secrets are taken to be there.</summary>
    public static NodeOptions Bind(RepositoryFiles files, Func<string, string?> environment, List<string> errors)
    {
        string secret = Path.Combine(AppContext.BaseDirectory, "secret.txt");
        File.WriteAllText(secret, "0123456789abcdef0123456789abcdef");
        try
        {
            return NodeOptionsBinder.Bind(
                HoconParser.ParseText(files.Read(Config), Config, new HoconOptions
                {
                    Fallbacks = [HoconParser.ReadText(NodeOptionsBinder.ReferenceText, "reference.conf")],
                    Environment = name => environment(name) is { } value && name.EndsWith("_FILE", StringComparison.Ordinal) ? secret : environment(name),
                }),
                Config);
        }
        catch (ConfigException error)
        {
            errors.AddRange(error.Errors.Select(static e => e.ToString()));
            return new NodeOptions();
        }
    }

    private NodeOptions ReadOptions() => Bind(Files, Environment.GetValueOrDefault, Errors);

    private Dictionary<string, string> ReadEnvironment()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string map in Container.Items("envFrom").Select(static e => e.Text("configMapRef/name")))
        {
            foreach ((string name, JsonNode? value) in (Manifests.Find("ConfigMap", map) ?? []).Fields("data"))
            {
                variables[name] = value!.ToString();
            }
        }

        foreach (JsonNode variable in Container.Items("env"))
        {
            variables[variable.Text("name")] = variable.At("valueFrom") is null ? variable.Text("value") : $"from-{variable.Text("valueFrom/fieldRef/fieldPath")}";
        }

        return variables.ToDictionary(static v => v.Key, v => Reference().Replace(v.Value, m => variables.GetValueOrDefault(m.Groups["name"].Value, m.Value)));
    }

    private DefinitionsModel? ReadDefinitions()
    {
        string text = (Manifests.Find("ConfigMap", "feature-actors-definitions") ?? []).Fields("data").Select(static f => f.Value!.ToString()).FirstOrDefault("");
        try
        {
            return PluginSet.Load(Path.Combine(AppContext.BaseDirectory, "no-plugins")).Bind(HoconParser.ParseText(text, "definitions.conf"));
        }
        catch (ConfigException error)
        {
            Errors.AddRange(error.Errors.Select(static e => e.ToString()));
            return null;
        }
    }

    [GeneratedRegex(@"\$\{\??(?<name>\w+)\}")]
    private static partial Regex Substitution();

    [GeneratedRegex(@"\$\((?<name>\w+)\)")]
    private static partial Regex Reference();
}

using System.Text.Json.Nodes;
using YamlDotNet.Core;

namespace FeatureActors.Deployment.Tests.Kustomize;

/// <summary>
/// What <c>kubectl kustomize</c> makes of a folder, as far as k8s/ uses it; without the hashes behind the names of ConfigMaps. Whatever is
/// named and not there, or there and not known, is an error.
/// </summary>
internal sealed class Kustomization
{
    private static readonly HashSet<string> Known =
        ["apiVersion", "kind", "namespace", "labels", "resources", "components", "images", "configMapGenerator", "patches"];

    private readonly RepositoryFiles _files;

    private Kustomization(RepositoryFiles files) => _files = files;

    public List<JsonObject> Objects { get; } = [];

    public List<string> Errors { get; } = [];

    /// <summary>Files that the folder leads to, relative to the root.</summary>
    public HashSet<string> Used { get; } = new(StringComparer.Ordinal);

    public static Kustomization Render(RepositoryFiles files, string folder)
    {
        var kustomization = new Kustomization(files);
        kustomization.Add(folder, "Kustomization");
        return kustomization;
    }

    /// <summary>The one object of a kind and name; null for none.</summary>
    public JsonObject? Find(string kind, string name) =>
        Objects.FirstOrDefault(o => o.Text("kind") == kind && o.Text("metadata/name") == name);

    public IEnumerable<JsonObject> OfKind(string kind) => Objects.Where(o => o.Text("kind") == kind);

    private void Add(string folder, string kind)
    {
        string path = $"{folder}/kustomization.yaml";
        if (Documents(path) is not [{ } kustomization])
        {
            Errors.Add($"{path}: is not one document");
            return;
        }

        Errors.AddRange(kustomization.Where(static f => !Known.Contains(f.Key)).Select(f => $"{path}: '{f.Key}' is not known here"));
        if (kustomization.Text("kind") != kind)
        {
            Errors.Add($"{path}: is no {kind}");
        }

        foreach (string resource in kustomization.Items("resources").Select(static r => r.ToString()))
        {
            AddResource(Join(folder, resource));
        }

        foreach (JsonNode generator in kustomization.Items("configMapGenerator"))
        {
            Generate(folder, generator);
        }

        foreach (string component in kustomization.Items("components").Select(static c => c.ToString()))
        {
            Add(Join(folder, component), "Component");
        }

        foreach (JsonNode patch in kustomization.Items("patches"))
        {
            Patch(folder, patch);
        }

        Transform(path, kustomization);
    }

    private void AddResource(string path)
    {
        if (RepositoryFiles.IsFolder(path))
        {
            Add(path, "Kustomization");
            return;
        }

        foreach (JsonObject manifest in Documents(path))
        {
            if (Find(manifest.Text("kind"), manifest.Text("metadata/name")) is not null)
            {
                Errors.Add($"{path}: {manifest.Text("kind")} {manifest.Text("metadata/name")} is there twice");
            }

            Objects.Add(manifest);
        }
    }

    private void Generate(string folder, JsonNode generator)
    {
        string name = generator.Text("name");
        string behavior = generator.Text("behavior") is { Length: > 0 } stated ? stated : "create";
        var data = new JsonObject();
        foreach (string file in generator.Items("files").Select(f => Join(folder, f.ToString())).Where(IsThere))
        {
            data[Path.GetFileName(file)] = _files.Read(file);
        }

        foreach (string file in generator.Items("envs").Select(f => Join(folder, f.ToString())).Where(IsThere))
        {
            foreach (string line in _files.Read(file).Split('\n').Where(static l => l.Length > 0 && l[0] != '#'))
            {
                data[line[..line.IndexOf('=', StringComparison.Ordinal)]] = line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..];
            }
        }

        JsonObject? before = Find("ConfigMap", name);
        if (before is null != (behavior == "create"))
        {
            Errors.Add($"{folder}: the ConfigMap {name} {(before is null ? "is to be changed and not there" : "is there already")}");
        }
        else if (before is null)
        {
            Objects.Add(new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "ConfigMap",
                ["metadata"] = new JsonObject { ["name"] = name },
                ["data"] = data,
            });
        }
        else if (behavior == "replace")
        {
            before["data"] = data;
        }
        else
        {
            StrategicMerge.Apply(before["data"]!.AsObject(), data);
        }
    }

    private void Patch(string folder, JsonNode patch)
    {
        string path = Join(folder, patch.Text("path"));
        string kind = patch.Text("target/kind");
        string name = patch.Text("target/name");
        JsonObject? target = Find(kind, name);
        if (target is null)
        {
            Errors.Add($"{path}: there is no {kind} {name} to change");
            return;
        }

        foreach (JsonObject change in Documents(path))
        {
            if (change.Text("kind") != kind || change.Text("metadata/name") != name || change.Text("apiVersion") != target.Text("apiVersion"))
            {
                Errors.Add($"{path}: is about {change.Text("kind")} {change.Text("metadata/name")}, and its target is {kind} {name}");
            }

            StrategicMerge.Apply(target, change);
        }
    }

    private void Transform(string path, JsonObject kustomization)
    {
        foreach (JsonNode image in kustomization.Items("images"))
        {
            JsonObject[] containers = [.. Objects.SelectMany(static o => o.Items("spec/template/spec/containers")).OfType<JsonObject>()
                .Where(c => c.Text("image").Split(':')[0] == image.Text("name"))];
            if (containers.Length == 0)
            {
                Errors.Add($"{path}: no container has the image {image.Text("name")}");
            }

            foreach (JsonObject container in containers)
            {
                container["image"] = $"{image.Text("newName")}:{image.Text("newTag")}";
            }
        }

        foreach (JsonObject manifest in Objects)
        {
            JsonObject metadata = manifest["metadata"]!.AsObject();
            foreach ((string label, JsonNode? value) in kustomization.Items("labels").SelectMany(static l => l.Fields("pairs")))
            {
                if (metadata["labels"] is not JsonObject labels)
                {
                    metadata["labels"] = labels = [];
                }

                labels[label] = value!.DeepClone();
            }

            if (kustomization.Text("namespace") is { Length: > 0 } name && manifest.Text("kind") != "Namespace")
            {
                metadata["namespace"] = name;
            }
        }
    }

    private bool IsThere(string path)
    {
        Used.Add(path);
        if (!_files.Exists(path))
        {
            Errors.Add($"{path}: is named and not there");
            return false;
        }

        return true;
    }

    private IReadOnlyList<JsonObject> Documents(string path)
    {
        try
        {
            return IsThere(path) ? Yaml.Parse(_files.Read(path)) : [];
        }
        catch (YamlException error)
        {
            Errors.Add($"{path}:{error.Start.Line}: {error.InnerException?.Message ?? error.Message}");
            return [];
        }
    }

    private static string Join(string folder, string path) => Path.GetRelativePath("/", Path.GetFullPath(Path.Combine("/", folder, path)));
}

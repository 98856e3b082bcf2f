using System.Text.Json.Nodes;
using FeatureActors.Deployment.Tests.Schema;

namespace FeatureActors.Deployment.Tests.Checks;

/// <summary>Manifests by themselves: the API's types, what refers to what, and what keeps a container from doing harm.</summary>
internal static class ManifestChecks
{
    // Made outside of the repository; docs/runbook.md says how.
    private static readonly string[] Secrets = ["feature-actors-token", "feature-actors-postgres", "feature-actors-redis", "feature-actors-tls"];

    private static readonly string[] SecretWords = ["PASSWORD", "TOKEN", "SECRET"];
    private static readonly string[] HostFields = ["hostNetwork", "hostPID", "hostIPC"];

    public static IEnumerable<string> Schema(Installation installation) =>
        installation.Manifests.Objects.SelectMany(static o => SchemaCheck.Of(o, KubernetesTypes.Current));

    /// <summary>Names lead to what is there; selectors select the pods.</summary>
    public static IEnumerable<string> References(Installation installation)
    {
        JsonObject set = installation.Set;
        JsonNode? labels = set.At("spec/template/metadata/labels");
        foreach ((string where, JsonNode? selector) in Selectors(installation))
        {
            if (selector is not JsonObject { Count: > 0 } wanted || wanted.Any(w => Label(labels, w.Key) != w.Value!.ToString()))
            {
                yield return $"{where}: selects no pod of the nodes";
            }
        }

        if (installation.Manifests.Find("Service", set.Text("spec/serviceName"))?.Text("spec/clusterIP") != "None")
        {
            yield return $"StatefulSet: its headless Service {set.Text("spec/serviceName")} is not there";
        }

        JsonObject? account = installation.Manifests.Find("ServiceAccount", set.Text("spec/template/spec/serviceAccountName"));
        if (account is null)
        {
            yield return $"StatefulSet: there is no ServiceAccount {set.Text("spec/template/spec/serviceAccountName")}";
        }

        foreach (JsonObject scaler in installation.Manifests.OfKind("HorizontalPodAutoscaler"))
        {
            if (installation.Manifests.Find(scaler.Text("spec/scaleTargetRef/kind"), scaler.Text("spec/scaleTargetRef/name")) is null)
            {
                yield return "HorizontalPodAutoscaler: what it scales is not there";
            }

            if (set.At("spec/replicas") is not null)
            {
                yield return "StatefulSet: states replicas, which the HorizontalPodAutoscaler does";
            }
        }

        foreach (JsonObject monitor in installation.Manifests.OfKind("ServiceMonitor"))
        {
            JsonObject[] services = [.. installation.Manifests.OfKind("Service").Where(s =>
                monitor.Fields("spec/selector/matchLabels").All(l => Label(s.At("metadata/labels"), l.Key) == l.Value!.ToString()))];
            if (services.Length != 1 || services[0].Text("spec/ports/0/name") != monitor.Text("spec/endpoints/0/port"))
            {
                yield return $"ServiceMonitor: selects {services.Length} services with its port, one is right";
            }
        }
    }

    /// <summary>Volumes, their sources and where they are mounted.</summary>
    public static IEnumerable<string> Volumes(Installation installation)
    {
        JsonNode? pod = installation.Set.At("spec/template/spec");
        string[] mounted = [.. installation.Container.Items("volumeMounts").Select(static m => m.Text("name"))];
        string[] volumes = [.. pod.Items("volumes").Select(static v => v.Text("name"))];
        foreach (string name in mounted.Except(volumes))
        {
            yield return $"volume {name}: is mounted and not there";
        }

        foreach (string name in volumes.Except(mounted))
        {
            yield return $"volume {name}: is mounted nowhere";
        }

        string[] maps = [.. pod.Items("volumes").Select(static v => v.Text("configMap/name")).Concat(installation.Container.Items("envFrom").Select(static e => e.Text("configMapRef/name")))];
        foreach (string map in maps.Where(m => m.Length > 0 && installation.Manifests.Find("ConfigMap", m) is null))
        {
            yield return $"ConfigMap {map}: is named and not there";
        }

        foreach (string map in installation.Manifests.OfKind("ConfigMap").Select(static m => m.Text("metadata/name")).Except(maps))
        {
            yield return $"ConfigMap {map}: nobody reads it";
        }

        IEnumerable<string> secrets = pod.Items("volumes").Select(static v => v.Text("secret/secretName"))
            .Concat(pod.Items("volumes").SelectMany(static v => v.Items("projected/sources")).Select(static s => s.Text("secret/name")))
            .Concat(installation.Manifests.OfKind("ServiceMonitor").Select(static m => m.Text("spec/endpoints/0/authorization/credentials/name")));
        foreach (string secret in secrets.Where(static s => s.Length > 0).Except(Secrets))
        {
            yield return $"Secret {secret}: the runbook does not say how to make it";
        }
    }

    /// <summary>What a pod under the standard "restricted" must state, and a little more.</summary>
    public static IEnumerable<string> Security(Installation installation)
    {
        JsonNode? pod = installation.Set.At("spec/template/spec");
        JsonNode container = installation.Container;
        (string What, bool IsRight)[] rules =
        [
            ("runAsNonRoot", pod.Text("securityContext/runAsNonRoot") == "true"),
            ("runAsUser", long.TryParse(pod.Text("securityContext/runAsUser"), out long user) && user > 0),
            ("seccompProfile", pod.Text("securityContext/seccompProfile/type") == "RuntimeDefault"),
            ("automountServiceAccountToken", pod.Text("automountServiceAccountToken") == "false"),
            ("readOnlyRootFilesystem", container.Text("securityContext/readOnlyRootFilesystem") == "true"),
            ("allowPrivilegeEscalation", container.Text("securityContext/allowPrivilegeEscalation") == "false"),
            ("capabilities", container.Items("securityContext/capabilities/drop").Any(static c => c.ToString() == "ALL")),
            ("hostNetwork, hostPID, hostIPC", HostFields.All(f => pod.At(f) is null)),
            ("hostPath", pod.Items("volumes").All(static v => v.At("hostPath") is null)),
            ("memory limit", container.Text("resources/limits/memory").Length > 0),
            ("requests", container.Text("resources/requests/memory").Length > 0 && container.Text("resources/requests/cpu").Length > 0),
        ];
        return rules.Where(static r => !r.IsRight).Select(static r => $"StatefulSet: {r.What} is not as it must be");
    }

    /// <summary>A secret lies in no manifest, no settings and no configuration.</summary>
    public static IEnumerable<string> NoSecrets(Installation installation)
    {
        foreach (JsonObject secret in installation.Manifests.OfKind("Secret"))
        {
            yield return $"Secret {secret.Text("metadata/name")}: lies in the repository";
        }

        foreach ((string name, string value) in installation.Environment.Where(static v => IsSecret(v.Key)))
        {
            yield return $"variable {name}: a secret as text ({value.Length} characters); mount a file";
        }

        foreach (string line in installation.Files.Read(Installation.Config).Split('\n').Select(static l => l.Trim()))
        {
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && line[..equals].Trim() is { } key && (key.EndsWith("password", StringComparison.Ordinal) || key.EndsWith("token", StringComparison.Ordinal)))
            {
                yield return $"{Installation.Config}: {key} is stated; state a file";
            }
        }
    }

    /// <summary>True for the name of a variable that would hold a secret.</summary>
    public static bool IsSecret(string name) => !name.EndsWith("_FILE", StringComparison.Ordinal)
        && SecretWords.Any(w => name.Contains(w, StringComparison.OrdinalIgnoreCase));

    private static IEnumerable<(string Where, JsonNode? Selector)> Selectors(Installation installation)
    {
        yield return ("StatefulSet", installation.Set.At("spec/selector/matchLabels"));
        foreach (JsonObject service in installation.Manifests.OfKind("Service"))
        {
            yield return ($"Service {service.Text("metadata/name")}", service.At("spec/selector"));
        }

        foreach (JsonObject budget in installation.Manifests.OfKind("PodDisruptionBudget"))
        {
            yield return ("PodDisruptionBudget", budget.At("spec/selector/matchLabels"));
        }

        foreach (JsonObject policy in installation.Manifests.OfKind("NetworkPolicy"))
        {
            yield return ("NetworkPolicy", policy.At("spec/podSelector/matchLabels"));
        }

        foreach ((string path, JsonNode node) in installation.Set.All().Where(static n => n.Path.EndsWith("/labelSelector/matchLabels", StringComparison.Ordinal)))
        {
            yield return ($"StatefulSet{path}", node);
        }
    }

    // Labels have slashes in their names, which a path has not.
    private static string Label(JsonNode? labels, string name) => (labels as JsonObject)?[name]?.ToString() ?? "";
}

using System.Globalization;
using System.Text.Json.Nodes;
using FeatureActors.Node.Options;

namespace FeatureActors.Deployment.Tests.Checks;

/// <summary>Manifests against the program: ports, paths, variables, times and sizes.</summary>
internal static class ProgramChecks
{
    // Set for the configuration's sake only; DOTNET_ and SSL_ variables are .NET's.
    private static readonly string[] OfThePod = ["FA_CONFIG", "FA_NAMESPACE"];
    private static readonly string[] Probes = ["startupProbe", "livenessProbe", "readinessProbe"];

    /// <summary>Every port is the one that the node listens on.</summary>
    public static IEnumerable<string> Ports(Installation installation)
    {
        string port = installation.Options.Http.Port.ToString(CultureInfo.InvariantCulture);
        if (installation.Container.Text("ports/0/containerPort") != port || installation.Container.Text("ports/0/name") != "http")
        {
            yield return $"StatefulSet: the container's port is not {port}, called http";
        }

        foreach (JsonObject service in installation.Manifests.OfKind("Service"))
        {
            if (service.Text("spec/ports/0/port") != port || service.Text("spec/ports/0/targetPort") != "http")
            {
                yield return $"Service {service.Text("metadata/name")}: does not lead to port {port}";
            }
        }

        if (!installation.Options.Http.Enabled || installation.Options.Http.Host != "0.0.0.0")
        {
            yield return $"{Installation.Config}: probes cannot reach fa.http";
        }

        string advertised = installation.Environment.GetValueOrDefault("FA_HTTP_ADVERTISE", "");
        string wanted = $"from-metadata.name.{installation.Set.Text("spec/serviceName")}.from-metadata.namespace.svc:{port}";
        if (advertised != wanted)
        {
            yield return $"FA_HTTP_ADVERTISE: is {advertised}, not {wanted}";
        }
    }

    /// <summary>Every path that somebody asks for is answered.</summary>
    public static IEnumerable<string> Paths(Installation installation, IReadOnlySet<string> served)
    {
        IEnumerable<(string Where, string Path)> asked = Probes
            .Select(p => (p, installation.Container.Text($"{p}/httpGet/path")))
            .Concat(installation.Manifests.OfKind("ServiceMonitor").Select(static m => ("ServiceMonitor", m.Text("spec/endpoints/0/path"))));
        foreach ((string where, string path) in asked.Where(a => !served.Contains(a.Path)))
        {
            yield return $"{where}: the node does not answer {(path.Length == 0 ? "what is not there" : path)}";
        }

        foreach (string probe in Probes.Where(p => installation.Container.Text($"{p}/httpGet/port") != "http"))
        {
            yield return $"{probe}: its port is not http";
        }

        if (installation.Container.Text("livenessProbe/httpGet/path") != "/healthz/live" || installation.Container.Text("readinessProbe/httpGet/path") != "/healthz/ready")
        {
            yield return "probes: alive and ready are confused";
        }
    }

    /// <summary>Variables that are set are asked for, and the other way round when the installation is a whole one.</summary>
    public static IEnumerable<string> Variables(Installation installation, bool isWhole)
    {
        IReadOnlySet<string> asked = Installation.Asked(installation.Files);
        foreach (string name in installation.Environment.Keys.Where(static n => n.StartsWith("FA_", StringComparison.Ordinal)).Except(asked).Except(OfThePod))
        {
            yield return $"variable {name}: is set, and {Installation.Config} does not ask for it";
        }

        foreach (string name in isWhole ? asked.Except(installation.Environment.Keys) : [])
        {
            yield return $"variable {name}: {Installation.Config} asks for it, and nothing sets it";
        }
    }

    /// <summary>Files that variables name are mounted.</summary>
    public static IEnumerable<string> Files(Installation installation)
    {
        HashSet<string> mounted = [.. Mounted(installation)];
        var named = installation.Environment.Where(static v => v.Key.EndsWith("_FILE", StringComparison.Ordinal) || v.Key == "FA_CONFIG").Select(static v => (v.Key, v.Value))
            .Append(("fa.definitions", installation.Options.Definitions ?? ""));
        foreach ((string name, string path) in named.Where(f => !mounted.Contains(f.Item2)))
        {
            yield return $"{name}: nothing is mounted at {path}";
        }

        string data = installation.Options.DataDirectory;
        if (!installation.Container.Items("volumeMounts").Any(m => m.Text("mountPath") == data && m.Text("readOnly") != "true"))
        {
            yield return $"fa.data-directory: {data} cannot be written";
        }
    }

    /// <summary>Kubernetes waits for longer than the node takes to stop.</summary>
    public static IEnumerable<string> Grace(Installation installation)
    {
        TimeSpan needed = NeededToStop(installation.Options);
        if (!double.TryParse(installation.Set.Text("spec/template/spec/terminationGracePeriodSeconds"), CultureInfo.InvariantCulture, out double grace)
            || TimeSpan.FromSeconds(grace) <= needed)
        {
            yield return $"terminationGracePeriodSeconds: the node may take {needed.TotalSeconds} s to stop";
        }
    }

    /// <summary>Draining, leaving Kafka's group, the last export, and to spare.</summary>
    public static TimeSpan NeededToStop(NodeOptions options) => options.StopTimeout + options.Kafka.CloseTimeout + TimeSpan.FromSeconds(6);

    /// <summary>Memory and number of nodes fit what the node is told.</summary>
    public static IEnumerable<string> Sizes(Installation installation)
    {
        string limit = installation.Container.Text("resources/limits/memory");
        if (Bytes(limit) < 2 * installation.Options.MemoryBudget)
        {
            yield return $"resources: the limit of {limit} is less than twice FA_MEMORY_BUDGET";
        }

        int shards = installation.Model?.Entities.Max(static e => e.Shards) ?? 0;
        foreach (JsonObject scaler in installation.Manifests.OfKind("HorizontalPodAutoscaler"))
        {
            if (int.Parse(scaler.Text("spec/maxReplicas"), CultureInfo.InvariantCulture) > shards)
            {
                yield return $"HorizontalPodAutoscaler: more nodes than the {shards} shards of an entity";
            }
        }
    }

    /// <summary>The network lets through what the node is told to reach, and callers to its port.</summary>
    public static IEnumerable<string> Network(Installation installation)
    {
        JsonObject[] policies = [.. installation.Manifests.OfKind("NetworkPolicy")];
        HashSet<string> outward = [.. policies.SelectMany(static p => p.Items("spec/egress")).SelectMany(static e => e.Items("ports")).Select(static p => $"{p.Text("protocol")}/{p.Text("port")}")];
        HashSet<string> inward = [.. policies.SelectMany(static p => p.Items("spec/ingress")).SelectMany(static e => e.Items("ports")).Select(static p => p.Text("port"))];
        NodeOptions options = installation.Options;
        IEnumerable<(string What, int Port)> needed =
        [
            ("the other nodes", options.Http.Port), ("Redis", options.Redis.Port), ("PostgreSQL", options.Postgres.Port), ("DNS", 53),
            .. Brokers(options).Select(static b => ("Kafka", int.TryParse(b[(b.LastIndexOf(':') + 1)..], CultureInfo.InvariantCulture, out int port) ? port : 0)),
            .. options.Otlp.Endpoint is { } endpoint ? [("the collector", new Uri(endpoint).Port)] : Array.Empty<(string, int)>(),
        ];
        foreach ((string what, int port) in needed.Where(n => !outward.Contains($"TCP/{n.Port}")))
        {
            yield return $"NetworkPolicy: {what} at port {port} cannot be reached";
        }

        if (!outward.Contains("UDP/53"))
        {
            yield return "NetworkPolicy: DNS over UDP cannot be reached";
        }

        if (!inward.Contains(options.Http.Port.ToString(CultureInfo.InvariantCulture)))
        {
            yield return $"NetworkPolicy: nobody reaches port {options.Http.Port}";
        }
    }

    private static string[] Brokers(NodeOptions options) => (options.Kafka.BootstrapServers ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries);

    private static IEnumerable<string> Mounted(Installation installation)
    {
        JsonNode? pod = installation.Set.At("spec/template/spec");
        foreach (JsonNode mount in installation.Container.Items("volumeMounts"))
        {
            JsonNode? volume = pod.Items("volumes").FirstOrDefault(v => v.Text("name") == mount.Text("name"));
            IEnumerable<string> files = volume.Items("projected/sources").SelectMany(static s => s.Items("secret/items")).Select(static i => i.Text("path"))
                .Concat((installation.Manifests.Find("ConfigMap", volume.Text("configMap/name")) ?? []).Fields("data").Select(static f => f.Key))
                .Concat(volume.At("secret/items") is not null
                    ? volume.Items("secret/items").Select(static i => i.Text("path"))
                    : volume.At("secret") is null ? [] : ["ca.crt", "tls.crt", "tls.key"]);
            foreach (string file in files)
            {
                yield return $"{mount.Text("mountPath")}/{file}";
            }
        }
    }

    private static long Bytes(string quantity) => quantity switch
    {
        [.. string number, 'M', 'i'] => long.Parse(number, CultureInfo.InvariantCulture) << 20,
        [.. string number, 'G', 'i'] => long.Parse(number, CultureInfo.InvariantCulture) << 30,
        _ => 0,
    };
}

using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using FeatureActors.Node.Options;
using YamlDotNet.Core;

namespace FeatureActors.Deployment.Tests.Checks;

/// <summary>compose.yaml by itself and against the program.</summary>
internal static partial class ComposeChecks
{
    public const string File = "compose.yaml";

    private static readonly HashSet<string> ServiceKeys =
    [
        "image", "build", "command", "environment", "ports", "healthcheck", "depends_on", "secrets", "volumes", "deploy", "read_only", "tmpfs",
        "cap_drop", "security_opt", "stop_grace_period", "restart",
    ];

    public static IEnumerable<string> Of(RepositoryFiles files)
    {
        JsonObject compose;
        try
        {
            compose = Yaml.Parse(files.Read(File)).Single();
        }
        catch (YamlException error)
        {
            return [$"{File}:{error.Start.Line}: {error.Message}"];
        }

        return [.. Services(compose), .. Dependencies(compose), .. Secrets(compose), .. Places(compose, files), .. Program(compose, files)];
    }

    private static IEnumerable<string> Services(JsonObject compose)
    {
        foreach ((string name, JsonNode? service) in compose.Fields("services"))
        {
            foreach (string key in ((JsonObject)service!).Select(static f => f.Key).Except(ServiceKeys))
            {
                yield return $"{name}: '{key}' is not known here";
            }

            if (!Pinned().IsMatch(service.Text("image")))
            {
                yield return $"{name}: the image {service.Text("image")} is not pinned to a version";
            }

            bool isOnce = compose.Fields("services").Any(s => s.Value.Text($"depends_on/{name}/condition") == "service_completed_successfully");
            if (!isOnce && service.Items("healthcheck/test").Count() < 2)
            {
                yield return $"{name}: has no health check";
            }

            foreach (string port in service.Items("ports").Select(static p => p.ToString()).Where(static p => !p.StartsWith("127.0.0.1:", StringComparison.Ordinal)))
            {
                yield return $"{name}: port {port} is open to other machines";
            }
        }
    }

    private static IEnumerable<string> Dependencies(JsonObject compose) =>
        from service in compose.Fields("services")
        from needed in service.Value.Fields("depends_on")
        where compose.At("services") is not JsonObject all || !all.ContainsKey(needed.Key)
            || (needed.Value.Text("condition") == "service_healthy" && compose.At($"services/{needed.Key}/healthcheck") is null)
        select $"{service.Key}: waits for {needed.Key}, which is not there or has no health check";

    private static IEnumerable<string> Secrets(JsonObject compose)
    {
        HashSet<string> used = [.. compose.Fields("services").SelectMany(static s => s.Value.Items("secrets")).Select(static s => s.ToString())];
        HashSet<string> there = [.. compose.Fields("secrets").Select(static s => s.Key)];
        foreach (string name in used.Except(there).Concat(there.Except(used)))
        {
            yield return $"secret {name}: is not there, or nobody uses it";
        }

        foreach (string name in compose.Fields("secrets").Where(static s => s.Value.Text("environment").Length == 0).Select(static s => s.Key))
        {
            yield return $"secret {name}: does not come from the environment";
        }

        foreach ((string service, JsonNode? value) in compose.Fields("services"))
        {
            foreach ((string name, JsonNode? text) in value.Fields("environment"))
            {
                if (ManifestChecks.IsSecret(name))
                {
                    yield return $"{service}: {name} is a secret as text";
                }
                else if (name.EndsWith("_FILE", StringComparison.Ordinal)
                    && !value.Items("secrets").Any(s => text!.ToString() == $"/run/secrets/{s}"))
                {
                    yield return $"{service}: {name} is no secret of the service";
                }
            }
        }
    }

    private static IEnumerable<string> Places(JsonObject compose, RepositoryFiles files)
    {
        foreach ((string service, string place) in compose.Fields("services")
            .SelectMany(static s => s.Value.Items("volumes").Select(v => (s.Key, v.ToString().Split(':')[0]))))
        {
            bool isThere = place.StartsWith("./", StringComparison.Ordinal) ? files.Exists(place[2..]) : (compose.At("volumes") as JsonObject)?.ContainsKey(place) == true;
            if (!isThere)
            {
                yield return $"{service}: there is no {place}";
            }
        }
    }

    private static IEnumerable<string> Program(JsonObject compose, RepositoryFiles files)
    {
        JsonNode? node = compose.At("services/node");
        var environment = node.Fields("environment").ToDictionary(static f => f.Key, static f => f.Value!.ToString());
        foreach (string name in environment.Keys.Except(Installation.Asked(files)))
        {
            yield return $"node: {Installation.Config} does not ask for {name}";
        }

        var errors = new List<string>();
        NodeOptions options = Installation.Bind(files, environment.GetValueOrDefault, errors);
        foreach (string error in errors)
        {
            yield return $"node: {error}";
        }

        string[] hosts = [options.Redis.Host, options.Postgres.Host, .. (options.Kafka.BootstrapServers ?? "").Split(',').Select(static b => b.Split(':')[0])];
        foreach (string host in hosts)
        {
            if (compose.At($"services/{host}") is null)
            {
                yield return $"node: there is no service {host}";
            }
        }

        string port = options.Http.Port.ToString(CultureInfo.InvariantCulture);
        if (!node.Text("healthcheck/test/3").Contains($"/{port} && printf 'GET /healthz/ready ", StringComparison.Ordinal)
            || !node.Items("ports").Any(p => p.ToString().EndsWith($":{port}", StringComparison.Ordinal)))
        {
            yield return $"node: its health check or its port is not /healthz/ready at {port}";
        }

        if (!int.TryParse(node.Text("stop_grace_period").TrimEnd('s'), CultureInfo.InvariantCulture, out int grace)
            || TimeSpan.FromSeconds(grace) <= ProgramChecks.NeededToStop(options))
        {
            yield return "node: stop_grace_period is shorter than the node may take to stop";
        }

        if (int.Parse(compose.Text("services/kafka/environment/KAFKA_MESSAGE_MAX_BYTES"), CultureInfo.InvariantCulture) < options.Kafka.MessageBytesMax + 1024)
        {
            yield return "kafka: KAFKA_MESSAGE_MAX_BYTES is below fa.kafka.message-bytes-max and 1 KiB";
        }
    }

    // A name with a version of digits behind it; "latest" and none are not. Our own image is built here.
    [GeneratedRegex(@"^([\w./-]+:v?\d+\.\d+[\w.-]*|feature-actors:dev)$")]
    private static partial Regex Pinned();
}

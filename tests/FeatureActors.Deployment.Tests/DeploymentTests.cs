using FeatureActors.Deployment.Tests.Checks;
using FeatureActors.Deployment.Tests.Kustomize;
using FeatureActors.Deployment.Tests.Schema;

namespace FeatureActors.Deployment.Tests;

/// <summary>Manifests, compose.yaml and Dockerfile hold together and fit the program; a fault planted for each kind of check is found.</summary>
public sealed class DeploymentTests(ServedPaths served) : IClassFixture<ServedPaths>
{
    private const string Base = "k8s/base";
    private const string Production = "k8s/overlays/production";
    private const string Set = "k8s/base/statefulset.yaml";
    private const string Rules = "k8s/components/monitoring/prometheusrule.yaml";

    [Theory]
    [InlineData(Base)]
    [InlineData(Production)]
    public void What_is_installed_is_right_by_itself_and_for_the_program(string folder) =>
        Assert.Empty(InstallationErrors(new RepositoryFiles(), folder));

    [Fact]
    public void The_compose_file_the_image_and_the_pages_fit_the_program() => Assert.Empty(OtherErrors(new RepositoryFiles()));

    [Fact]
    public void Probes_and_other_calls_leave_no_line_in_the_log() =>
        Assert.Contains("HTTP on ", Assert.Single(served.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);

    [Fact]
    public void The_types_of_the_api_are_read()
    {
        Assert.True(KubernetesTypes.Current.Count > 500);
        Assert.Equal("apps/v1.StatefulSet", KubernetesTypes.Current.KindOf("apps/v1", "StatefulSet"));
        Assert.Equal(new ApiField("apps/v1.StatefulSetSpec", false, false), KubernetesTypes.Current.Fields("apps/v1.StatefulSet")!["spec"]);
        Assert.True(KubernetesTypes.Current.Fields("apps/v1.StatefulSetSpec")!["template"].IsRequired);
        Assert.Equal("Map<api/resource.Quantity>", KubernetesTypes.Current.Fields("core/v1.ResourceRequirements")!["limits"].Type);
    }

    /// <summary>File, what stands there, what is planted instead, what is said of it.</summary>
    public static TheoryData<string, string, string, string> Faults() => new()
    {
        // kustomize
        { "k8s/base/kustomization.yaml", "- service.yaml", "- services.yaml", "k8s/base/services.yaml: is named and not there" },
        { "k8s/base/kustomization.yaml", "  - poddisruptionbudget.yaml\n", "", "k8s/base/poddisruptionbudget.yaml: nothing leads to it" },
        { "k8s/base/kustomization.yaml", "resources:", "commonLabels: {}\nresources:", "'commonLabels' is not known here" },
        { "k8s/overlays/production/kustomization.yaml", "components/monitoring", "components/watching", "k8s/components/watching/kustomization.yaml: is named and not there" },
        { "k8s/overlays/production/kustomization.yaml", "name: feature-actors\n    newName", "name: feature-actor\n    newName", "no container has the image feature-actor" },
        { "k8s/overlays/production/kustomization.yaml", "kind: StatefulSet", "kind: Deployment", "there is no Deployment feature-actors to change" },
        { "k8s/overlays/production/kustomization.yaml", "behavior: merge", "behavior: create", "the ConfigMap feature-actors-settings is there already" },
        { "k8s/overlays/production/statefulset.yaml", "  name: feature-actors\n", "  name: nodes\n", "is about StatefulSet nodes" },
        { "k8s/base/service.yaml", "name: feature-actors-api", "name: feature-actors", "Service feature-actors is there twice" },
        { "k8s/base/service.yaml", "clusterIP: None", "clusterIP: None\n  clusterIP: None", "k8s/base/service.yaml:" },
        { Set, "serviceName: feature-actors", "serviceName: no", "is a truth value to some readers" },

        // the API's types
        { Set, "podManagementPolicy: Parallel", "podManagementPolicy: parallel", "podManagementPolicy: 'parallel' is no OrderedReady | Parallel" },
        { Set, "podManagementPolicy", "podManagmentPolicy", "podManagmentPolicy: is no field of apps/v1.StatefulSetSpec" },
        { Set, "  selector:\n    matchLabels:\n      app.kubernetes.io/name: feature-actors\n  template", "  template", "selector: is missing (apps/v1.StatefulSetSpec)" },
        { Set, "replicas: 3", "replicas: \"3\"", "replicas: '3' is no number" },
        { Set, "minReadySeconds: 10", "minReadySeconds: 2.5", "minReadySeconds: '2.5' is no number" },
        { Set, "runAsNonRoot: true", "runAsNonRoot: \"true\"", "runAsNonRoot: 'true' is no boolean" },
        { Set, "cpu: \"1\"", "cpu: one", "requests/cpu: 'one' is no quantity" },
        { Set, "            - run\n", "            run: now\n", "args: is no list" },
        { Set, "          envFrom:", "          envFrom: {}\n          envFrm:", "envFrm: is no field of core/v1.Container" },
        { Set, "spec:\n  serviceName", "status: {}\nspec:\n  serviceName", "status: only the server writes it" },
        { Set, "metadata:\n  name: feature-actors\n", "metadata:\n  name: feature-actors\n  uid: abc\n", "uid: only the server writes it" },
        { Set, "apiVersion: apps/v1", "apiVersion: apps/v1beta1", "there is no kind apps/v1beta1 StatefulSet" },
        { "k8s/base/networkpolicy.yaml", "protocol: UDP", "protocol: udp", "protocol: 'udp' is no TCP | UDP | SCTP" },
        { "k8s/components/monitoring/servicemonitor.yaml", "scrapeTimeout", "timeout", "timeout: is not among the fields that are known here" },

        // what refers to what
        { "k8s/base/service.yaml", "  selector:\n    app.kubernetes.io/name: feature-actors", "  selector:\n    app.kubernetes.io/name: node", "selects no pod of the nodes" },
        { "k8s/base/poddisruptionbudget.yaml", "kubernetes.io/name", "kubernetes.io/nam", "PodDisruptionBudget: selects no pod" },
        { Set, "serviceName: feature-actors", "serviceName: feature-actors-api", "its headless Service feature-actors-api is not there" },
        { Set, "serviceAccountName: feature-actors", "serviceAccountName: default", "there is no ServiceAccount default" },
        { "k8s/components/autoscaling/horizontalpodautoscaler.yaml", "kind: StatefulSet", "kind: Deployment", "what it scales is not there" },
        { "k8s/components/autoscaling/replicas.yaml", "replicas: null", "replicas: 3", "states replicas" },
        { "k8s/components/monitoring/servicemonitor.yaml", "port: http", "port: metrics", "ServiceMonitor: selects" },
        { Set, "            - name: tmp\n              mountPath", "            - name: temp\n              mountPath", "volume temp: is mounted and not there" },
        { Set, "            name: feature-actors-definitions", "            name: definitions", "ConfigMap definitions: is named and not there" },
        { Set, "                  name: feature-actors-redis", "                  name: redis", "Secret redis: the runbook does not say how to make it" },

        // security
        { Set, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "readOnlyRootFilesystem is not as it must be" },
        { Set, "runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot is not as it must be" },
        { Set, "                - ALL", "                - NET_RAW", "capabilities is not as it must be" },
        { Set, "          emptyDir:\n            sizeLimit: 64Mi", "          hostPath:\n            path: /tmp", "hostPath is not as it must be" },
        { Set, "type: RuntimeDefault", "type: Unconfined", "seccompProfile is not as it must be" },
        { "k8s/base/settings.env", "FA_LOG_LEVEL=info", "FA_REDIS_PASSWORD=letmein", "variable FA_REDIS_PASSWORD: a secret as text (7 characters)" },
        { "k8s/base/serviceaccount.yaml", "automountServiceAccountToken: false", "automountServiceAccountToken: false\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: token\nstringData:\n  token: abc", "Secret token: lies in the repository" },
        { Installation.Config, "    token-file = \"/etc", "    token = \"0123456789abcdef\"\n    token-file = \"/etc", "token is stated; state a file" },

        // the program
        { Set, "containerPort: 8080", "containerPort: 8081", "the container's port is not 8080" },
        { "k8s/base/service.yaml", "port: 8080", "port: 80", "does not lead to port 8080" },
        { Installation.Config, "port = 8080", "port = 9090", "the container's port is not 9090" },
        { Installation.Config, "    host = \"0.0.0.0\"\n", "", "probes cannot reach fa.http" },
        { Set, "svc:8080", "svc:80", "FA_HTTP_ADVERTISE: is" },
        { Set, "path: /healthz/ready", "path: /ready", "readinessProbe: the node does not answer /ready" },
        { "k8s/components/monitoring/servicemonitor.yaml", "path: /metrics", "path: /healthz", "ServiceMonitor: the node does not answer /healthz" },
        { "k8s/base/settings.env", "FA_REDIS_HOST", "FA_REDIS_SERVER", "variable FA_REDIS_SERVER: is set, and hocon/cluster.conf does not ask for it" },
        { "k8s/overlays/production/settings.env", "FA_KAFKA_REPLICATION=3\n", "", "variable FA_KAFKA_REPLICATION: hocon/cluster.conf asks for it, and nothing sets it" },
        { Installation.Config, "memory-budget", "memory-limit", "memory-limit" },
        { "k8s/base/settings.env", "FA_OWNERSHIP=group", "FA_OWNERSHIP=luck", "luck" },
        { "k8s/base/definitions.conf", "type = sum", "type = sums", "sums" },
        { Set, "                      path: redis-password", "                      path: redis", "FA_REDIS_PASSWORD_FILE: nothing is mounted at" },
        { Set, "mountPath: /var/lib/feature-actors\n", "mountPath: /data\n", "fa.data-directory: /var/lib/feature-actors cannot be written" },
        { Set, "terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 30", "the node may take 31 s to stop" },
        { Installation.Config, "stop-timeout = 20s", "stop-timeout = 2m", "the node may take 131 s to stop" },
        { "k8s/overlays/production/settings.env", "FA_MEMORY_BUDGET=2GiB", "FA_MEMORY_BUDGET=3GiB", "is less than twice FA_MEMORY_BUDGET" },
        { "k8s/components/autoscaling/horizontalpodautoscaler.yaml", "maxReplicas: 12", "maxReplicas: 20", "more nodes than the 16 shards" },
        { "k8s/base/settings.env", "FA_POSTGRES_PORT=5432", "FA_POSTGRES_PORT=6432", "PostgreSQL at port 6432 cannot be reached" },
        { "k8s/base/networkpolicy.yaml", "port: 9093", "port: 9094", "Kafka at port 9093 cannot be reached" },
        { "k8s/base/networkpolicy.yaml", "protocol: UDP", "protocol: TCP", "DNS over UDP" },

        // metrics, alarms and pages
        { Rules, "(fa_shard_lag_seconds)", "(fa_shard_lag)", "alarm FeatureActorsShardLag: there is no metric fa_shard_lag" },
        { Rules, "fa_publish_errors_total", "fa_publish_errors", "there is no metric fa_publish_errors" },
        { "k8s/components/autoscaling/horizontalpodautoscaler.yaml", "name: fa_shard_lag_seconds", "name: fa_lag", "HorizontalPodAutoscaler: there is no metric fa_lag" },
        { Rules, "alert: FeatureActorsPluginOff", "alert: FeatureActorsPluginsOff", "docs/runbook.md has no section of that name" },
        { MetricChecks.Runbook, "### FeatureActorsDown", "### FeatureActorsGone", "docs/runbook.md: there is no alarm FeatureActorsGone" },
        { Rules, "severity: critical", "severity: bad", "has no severity" },
        { MetricChecks.Operations, "| `fa_shard_epoch` |", "| `fa_shard_epochs` |", "docs/operations.md: lacks | `fa_shard_epoch`" },
        { MetricChecks.Operations, "| `fa_steals_total` | counter |", "| `fa_steals_total` | gauge |", "docs/operations.md: fa_steals_total is | counter" },

        // compose.yaml
        { ComposeChecks.File, "redis:7.0.15", "redis:latest", "redis: the image redis:latest is not pinned" },
        { ComposeChecks.File, "pg_isready", "pg_isready\n", "compose.yaml" },
        { ComposeChecks.File, "    healthcheck:\n      test: [\"CMD\", \"pg_isready\"", "    x:\n      test: [\"CMD\", \"pg_isready\"", "node: waits for postgres, which is not there or has no health check" },
        { ComposeChecks.File, "FA_REDIS_HOST: redis", "FA_REDIS: redis", "does not ask for FA_REDIS" },
        { ComposeChecks.File, "FA_REDIS_HOST: redis", "FA_REDIS_HOST: cache", "there is no service cache" },
        { ComposeChecks.File, "FA_POSTGRES_HOST: postgres", "FA_POSTGRES_PASSWORD: abc", "node: FA_POSTGRES_PASSWORD is a secret as text" },
        { ComposeChecks.File, "127.0.0.1:6379:6379", "6379:6379", "redis: port 6379:6379 is open to other machines" },
        { ComposeChecks.File, "online-retail/definitions.conf:", "online/definitions.conf:", "there is no ./samples/online/definitions.conf" },
        { ComposeChecks.File, "stop_grace_period: 60s", "stop_grace_period: 10s", "stop_grace_period is shorter" },
        { ComposeChecks.File, "KAFKA_MESSAGE_MAX_BYTES: \"16100000\"", "KAFKA_MESSAGE_MAX_BYTES: \"1000000\"", "KAFKA_MESSAGE_MAX_BYTES is below" },
        { ComposeChecks.File, "GET /healthz/ready", "GET /ready", "its health check or its port" },
        { ComposeChecks.File, "    environment: FA_TOKEN", "    file: ./token", "secret token: does not come from the environment" },

        // Dockerfile
        { ImageFile.Path, "COPY eng ./eng", "COPY engine ./eng", "COPY engine: is not there" },
        { ".dockerignore", "!eng\n", "", "COPY eng: .dockerignore hides it" },
        { ".dockerignore", "!src\n", "!src\n!artifacts\n", "artifacts/x would be sent to the build" },
        { ImageFile.Path, "debian:12-slim", "debian:stable", "FROM debian:stable: has no version" },
        { ImageFile.Path, "--from=dotnet", "--from=runtime", "COPY --from=runtime: there is no such stage" },
        { ImageFile.Path, "USER 10001:10001", "USER root", "USER root: the StatefulSet runs as 10001" },
        { ImageFile.Path, "EXPOSE 8080", "EXPOSE 80", "EXPOSE 80: the node listens on 8080" },
        { ImageFile.Path, " librdkafka1 ", " ", "librdkafka1 (Kafka) and tzdata" },
        { ImageFile.Path, "CMD [\"run\"]", "CMD [\"demo\"]", "ENTRYPOINT, CMD" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void A_planted_fault_is_found(string file, string old, string planted, string expected)
    {
        RepositoryFiles files = new RepositoryFiles().With(file, old, planted);

        string[] errors = [.. InstallationErrors(files, Base), .. InstallationErrors(files, Production), .. OtherErrors(files)];

        Assert.Contains(errors, e => e.Contains(expected, StringComparison.Ordinal));
    }

    private IEnumerable<string> InstallationErrors(RepositoryFiles files, string folder)
    {
        var installation = new Installation(files, folder);
        return
        [
            .. installation.Errors, .. ManifestChecks.Schema(installation), .. ManifestChecks.References(installation), .. ManifestChecks.Volumes(installation),
            .. ManifestChecks.Security(installation), .. ManifestChecks.NoSecrets(installation), .. ProgramChecks.Ports(installation),
            .. ProgramChecks.Paths(installation, served.Paths), .. ProgramChecks.Variables(installation, isWhole: folder == Production),
            .. ProgramChecks.Files(installation), .. ProgramChecks.Grace(installation), .. ProgramChecks.Sizes(installation), .. ProgramChecks.Network(installation),
            .. folder == Production ? MetricChecks.Used(installation).Concat(MetricChecks.Alarms(installation)) : [],
        ];
    }

    private static IEnumerable<string> OtherErrors(RepositoryFiles files)
    {
        var production = Kustomization.Render(files, Production);
        IEnumerable<string> unused = files.Below("k8s").Except(production.Used).Select(static f => $"{f}: nothing leads to it");
        return [.. unused, .. ComposeChecks.Of(files), .. ImageChecks.Of(new Installation(files, Base)), .. MetricChecks.Page(files)];
    }
}

using System.Collections;
using System.Reflection;
using System.Text;
using System.Text.Json;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Hocon;
using FeatureActors.Node.Options;

namespace FeatureActors.Node.Tests.Options;

public sealed class NodeOptionsTests
{
    [Fact]
    public void Every_key_of_the_reference_has_the_default_of_its_option()
    {
        NodeOptions fromReference = NodeOptionsBinder.Parse("", "empty.conf");

        Assert.Equal(JsonSerializer.Serialize(new NodeOptions()), JsonSerializer.Serialize(fromReference));
    }

    [Fact]
    public void Without_the_reference_the_same_defaults_hold()
    {
        NodeOptions bare = NodeOptionsBinder.Bind(HoconParser.ParseText("", "empty.conf"), "empty.conf");

        Assert.Equal(JsonSerializer.Serialize(new NodeOptions()), JsonSerializer.Serialize(bare));
    }

    [Fact]
    public void Every_option_stands_in_the_reference_and_nothing_else_does()
    {
        ConfigObject reference = HoconParser.ParseText(NodeOptionsBinder.ReferenceText, "reference.conf");

        Assert.Equal(KeysOf(typeof(NodeOptions), "fa").Order(StringComparer.Ordinal), KeysOf(reference, "").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_key_can_be_set()
    {
        NodeOptions options = NodeOptionsBinder.Parse(
            """
            fa {
              definitions = d.conf, name = n, data-directory = dd, roles = [ingest], startup-timeout = 2s, warm-up = 3s, stop-timeout = 1s
              memory-budget = 32MiB, passivate-after = 1m, log-level = debug, log = kafka, store = postgres
              ownership = lease
              kafka {
                bootstrap-servers = "k:1", client-id = c, topic-prefix = t, request-timeout = 1s, session-timeout = 6s
                heartbeat-interval = 1s, close-timeout = 1s, linger = 2ms, message-bytes-max = 1MB, log-ahead-bytes = 64KiB
                source-ahead-bytes = 64KiB, chunk-bytes = 1KiB, log-replication-factor = 3, log-retention = 1d
                properties { api.version.request = false, "broker.version.fallback" = "0.9.0.1" }
              }
              redis { host = r, port = 1, password = p, database = 2, tls = true, connect-timeout = 1s, command-timeout = 1s, verify-versions = true }
              postgres {
                host = p, port = 1, database = d, user = u, password = pw, tls = true, schema = s, connections = 2, connect-timeout = 1s
                command-timeout = 1s, take-over-patience = 1s
              }
              lease { duration = 3s, renew = 900ms }
              checkpoints { interval = 1s, bytes = 1MiB, concurrent = 3 }
              publish { sweep-interval = 2s, sweep-rate = 1, rewrite-rate = 2, fence-check = 1s, retry-delay = 1s }
              ingest { batch-bytes = 1KiB, linger = 1ms, new-lanes = [s] }
              http {
                enabled = true, host = "0.0.0.0", port = 1, advertise = "h:1", token = "0123456789abcdef", forward-timeout = 1s
              }
              log-format = json
              otlp { endpoint = "http://c:1", protocol = http, interval = 1s, timeout = 1s }
              plugins { folder = p, call-budget = 1s, stuck-threads-max = 3 }
              sink { type = "custom:shelf", settings { folder = f } }
              dead-letters { max-count = 1, max-bytes = 2 }
              sources.s { file = f.csv, end = "1970-01-01T00:00:01Z" }
            }
            """,
            "node.conf");

        var defaults = new NodeOptions();
        AssertAllDiffer(defaults, options, "fa", "fa.redis.password-file", "fa.postgres.password-file", "fa.postgres.ca-file", "fa.http.token-file", "fa.http.certificate-file", "fa.http.key-file", "fa.otlp.headers-file", "fa.sink.settings", "fa.write-format");
        Assert.Equal("f", options.Sink.Settings.Read([]).String("folder"));
        Assert.Equal("false", options.Kafka.Properties["api.version.request"]);
        Assert.Equal("0.9.0.1", options.Kafka.Properties["broker.version.fallback"]);
        Assert.Equal(new SourceSection("f.csv", 1_000), options.Sources["s"]);
    }

    [Fact]
    public void An_unknown_key_is_an_error_with_its_place_that_suggests_the_nearest()
    {
        var error = Assert.Throws<ConfigException>(() => NodeOptionsBinder.Parse("fa {\n  redis { hots = a }\n}", "node.conf"));

        Assert.Equal("node.conf:2:11: unknown key 'hots' in fa.redis (did you mean 'host'?)", Assert.Single(error.Errors).ToString());
    }

    [Fact]
    public void All_mistakes_are_found_in_one_run()
    {
        var error = Assert.Throws<ConfigException>(() => NodeOptionsBinder.Parse(
            "fa.log = kafka\nfa.roles = [cook]\nfa.checkpoints.interval = 1ms\nfa.redis.port = 0\nfa.sources.s.end = never", "node.conf"));

        Assert.Equal(5, error.Errors.Count);
        Assert.Contains(error.Errors, e => e.Message.Contains("fa.kafka.bootstrap-servers", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("fa.store = postgres", "fa.store = postgres goes with fa.log = kafka")]
    [InlineData("fa.log = kafka, fa.kafka.bootstrap-servers = k, fa.ownership = lease", "fa.ownership = lease needs fa.store = postgres")]
    [InlineData("fa.postgres.schema = \"a;b\"", "letters, digits, _ and -")]
    [InlineData("fa.postgres.password-file = nowhere", "there is no file nowhere")]
    [InlineData("fa.write-format = 0", "1")]
    [InlineData("fa.lease.renew = 2s", "at most a third of duration")]
    public void What_does_not_go_together_is_a_mistake_that_says_why(string text, string why)
    {
        var error = Assert.Throws<ConfigException>(() => NodeOptionsBinder.Parse(text, "node.conf"));

        Assert.Contains(why, Assert.Single(error.Errors).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Paths_are_relative_to_the_file_that_states_them()
    {
        using var fa = new Fa();
        fa.Write("conf/part.conf", "fa.data-directory = here");
        string file = fa.Write("node.conf", "include \"conf/part.conf\"\nfa.definitions = d.conf");

        NodeOptions options = NodeOptionsBinder.Load(file);

        Assert.Equal(fa.Path("d.conf"), options.Definitions);
        Assert.Equal(fa.Path(Path.Combine("conf", "here")), Path.GetFullPath(options.DataDirectory));
    }

    [Theory]
    [InlineData("node.conf")]
    [InlineData("embedded.conf")]
    public void The_files_beside_the_reference_are_right(string name)
    {
        NodeOptions options = NodeOptionsBinder.Load(Path.Combine(Repository.Root, "hocon", name));

        Assert.True(File.Exists(options.Definitions));
    }

    [Fact]
    public void A_password_is_never_printed()
    {
        NodeOptions options = NodeOptionsBinder.Parse("fa.redis.password = secret1\nfa.postgres.password = secret3\nfa.kafka.properties { sasl.password = secret2 }", "node.conf");

        Assert.DoesNotContain("secret", options.ToString(), StringComparison.Ordinal);
    }

    private static void AssertAllDiffer(object defaults, object options, string path, params string[] except)
    {
        foreach (PropertyInfo property in Properties(defaults.GetType()))
        {
            string key = $"{path}.{Kebab(property.Name)}";
            object? before = property.GetValue(defaults);
            object? after = property.GetValue(options);
            if (IsSection(property.PropertyType))
            {
                AssertAllDiffer(before!, after!, key, except);
            }
            else if (!except.Contains(key))
            {
                Assert.False(JsonSerializer.Serialize(before) == JsonSerializer.Serialize(after), $"{key} was not read");
            }
        }
    }

    private static IEnumerable<string> KeysOf(Type type, string path) => Properties(type).SelectMany(property =>
        IsSection(property.PropertyType) ? KeysOf(property.PropertyType, $"{path}.{Kebab(property.Name)}") : [$"{path}.{Kebab(property.Name)}"]);

    private static IEnumerable<string> KeysOf(ConfigObject value, string path) => value.Fields.SelectMany(field =>
        field.Value is ConfigObject { Fields.Count: > 0 } child ? KeysOf(child, $"{path}{field.Key}.") : [$"{path}{field.Key}"]);

    private static IEnumerable<PropertyInfo> Properties(Type type) =>
        type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(static p => p.CanWrite);

    private static bool IsSection(Type type) =>
        type.Namespace == typeof(NodeOptions).Namespace && type.GetConstructor(Type.EmptyTypes) is not null && !typeof(IEnumerable).IsAssignableFrom(type);

    private static string Kebab(string name)
    {
        var text = new StringBuilder();
        foreach (char c in name)
        {
            if (char.IsUpper(c) && text.Length > 0)
            {
                text.Append('-');
            }

            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }
}

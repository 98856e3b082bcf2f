namespace FeatureActors.Node.Tests.Commands;

public sealed class CommandLineTests : IDisposable
{
    private const string Definitions =
        """
        namespace = shop
        sources.clicks { format = json, event-time { field = ts, unit = ms }, fields { user = string, n = long, ts = long } }
        entities.user { key = [string], shards = 2 }
        groups.activity { entity = user, source = clicks, key = user, features { clicks { type = count, windows = [1h] } } }
        """;

    private readonly Fa _fa = new();

    public void Dispose() => _fa.Dispose();

    [Theory]
    [InlineData("rollback")]
    [InlineData("forget")]
    [InlineData("backfill")]
    [InlineData("audit")]
    [InlineData("explain", "--group", "g")]
    [InlineData("chaos")]
    public async Task A_promised_command_says_so_and_exits_2(params string[] args)
    {
        Assert.Equal(2, await _fa.RunAsync(args));
        Assert.Equal($"fa: {args[0]} is promised and not built yet{Environment.NewLine}", _fa.Error);
    }

    [Fact]
    public async Task An_unknown_command_and_a_missing_option_exit_2()
    {
        Assert.Equal(2, await _fa.RunAsync("frobnicate"));
        Assert.Contains("frobnicate", _fa.Error, StringComparison.Ordinal);
        Assert.Equal(2, await _fa.RunAsync("batch", "--input", "x"));
        Assert.Contains("--definitions", _fa.Error, StringComparison.Ordinal);
        Assert.Contains("--at", _fa.Error, StringComparison.Ordinal);
        Assert.Equal(2, await _fa.RunAsync());
        Assert.Equal(2, await _fa.RunAsync("dead-letters", "show", "first"));
        Assert.Contains("try ./fa dead-letters show --help", _fa.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_exits_0_and_lists_the_commands()
    {
        Assert.Equal(0, await _fa.RunAsync("--help"));
        Assert.Contains("dead-letters", _fa.Out, StringComparison.Ordinal);
        Assert.Equal(0, await _fa.RunAsync("dead-letters", "list", "--help"));
        Assert.Contains(" ./fa dead-letters list [options]", _fa.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mistakes_of_definitions_come_all_at_once_with_file_line_and_column_and_exit_2()
    {
        string file = _fa.Write("d.conf", "namespace = shop\nclok = event\nentities.user { key = [strin] }\nsources {}\ngroups {}\n");

        Assert.Equal(2, await _fa.RunAsync("plan", "--definitions", file));
        string[] lines = _fa.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length >= 2, _fa.Error);
        Assert.All(lines, line => Assert.Matches(@"^.+d\.conf:\d+:\d+: ", line));
    }

    [Fact]
    public async Task A_node_whose_database_stays_away_exits_3_and_says_which_where_and_what_to_do_but_no_secret()
    {
        _fa.Write("d.conf", Definitions);
        string config = _fa.Write("node.conf", """
            fa {
              definitions = "d.conf", data-directory = data, log = kafka, kafka.bootstrap-servers = "127.0.0.1:1", startup-timeout = 1s
              store = postgres, postgres { host = "127.0.0.1", port = 1, database = shop, password = secret-word }
            }
            """);

        Assert.Equal(3, await _fa.RunAsync("run", "--config", config));
        Assert.Contains("postgresql at 127.0.0.1:1/shop", _fa.Error, StringComparison.Ordinal);
        Assert.Contains("check host and port, and that the server runs", _fa.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-word", _fa.Error, StringComparison.Ordinal);
        Assert.Equal(3, await _fa.RunAsync("apply", "--definitions", _fa.Path("d.conf"), "--config", config));
    }

    [Fact]
    public async Task Plan_needs_no_cluster()
    {
        string file = _fa.Write("d.conf", Definitions);

        Assert.Equal(0, await _fa.RunAsync("plan", "--definitions", file));
        Assert.StartsWith("namespace shop, version 1", _fa.Out, StringComparison.Ordinal);
        Assert.Equal(0, await _fa.RunAsync("plan", "--definitions", file, "--json"));
        Assert.StartsWith("{", _fa.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_stores_a_version_and_refuses_to_lose_state_unasked()
    {
        string file = _fa.Write("d.conf", Definitions);
        string config = _fa.Write("node.conf", "fa.data-directory = data");

        Assert.Equal(0, await _fa.RunAsync("plan", "--definitions", file, "--config", config));
        Assert.False(Directory.Exists(_fa.Path("data")), "plan must not create anything");
        Assert.Equal(0, await _fa.RunAsync("apply", "--definitions", file, "--config", config));
        Assert.Contains("version 1", _fa.Out, StringComparison.Ordinal);
        Assert.Equal(0, await _fa.RunAsync("apply", "--definitions", file, "--config", config));
        Assert.StartsWith("nothing to do", _fa.Out, StringComparison.Ordinal);

        string changed = _fa.Write("d2.conf", Definitions.Replace("type = count", "type = sum, of = n", StringComparison.Ordinal));
        Assert.Equal(0, await _fa.RunAsync("plan", "--definitions", changed, "--config", config));
        Assert.Contains("[needs --accept-reset]", _fa.Out, StringComparison.Ordinal);
        Assert.Equal(2, await _fa.RunAsync("apply", "--definitions", changed, "--config", config));
        Assert.Contains("user/activity.clicks", _fa.Error, StringComparison.Ordinal);
        Assert.Contains("--accept-reset", _fa.Error, StringComparison.Ordinal);
        Assert.Equal(0, await _fa.RunAsync("apply", "--definitions", changed, "--config", config, "--accept-reset"));
        Assert.Contains("version 2", _fa.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_whose_source_comes_from_nowhere_exits_2_and_says_what_to_write()
    {
        _fa.Write("d.conf", Definitions);
        string config = _fa.Write("node.conf", "fa.data-directory = data\nfa.definitions = d.conf");

        Assert.Equal(2, await _fa.RunAsync("run", "--config", config));
        Assert.Contains("fa.sources.clicks.file", _fa.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_whose_data_directory_cannot_be_made_exits_3_after_the_startup_timeout()
    {
        _fa.Write("d.conf", Definitions);
        _fa.Write("clicks.json", "");
        _fa.Write("file", "");
        string config = _fa.Write(
            "node.conf", "fa { data-directory = \"file/data\", definitions = d.conf, startup-timeout = 1s, sources.clicks.file = clicks.json }");

        Assert.Equal(3, await _fa.RunAsync("run", "--config", config));
        Assert.Contains("file/data", _fa.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_without_a_server_exits_3_and_says_where_it_looked()
    {
        Assert.Equal(3, await _fa.RunAsync("get", "--group", "g", "--key", "k", "--namespace", "shop", "--redis", "127.0.0.1:1"));
        Assert.Contains("127.0.0.1:1", _fa.Error, StringComparison.Ordinal);
        Assert.Equal(2, await _fa.RunAsync("get", "--group", "g", "--key", "k"));
    }

    [Fact]
    public async Task Dead_letters_of_a_new_node_are_none_and_an_unknown_id_exits_1()
    {
        string file = _fa.Write("d.conf", Definitions);
        string config = _fa.Write("node.conf", "fa.data-directory = data");
        Assert.Equal(2, await _fa.RunAsync("dead-letters", "list", "--config", config));
        Assert.Equal(0, await _fa.RunAsync("apply", "--definitions", file, "--config", config));

        Assert.Equal(0, await _fa.RunAsync("dead-letters", "list", "--config", config));
        Assert.Equal("no dead letters" + Environment.NewLine, _fa.Out);
        Assert.Equal(1, await _fa.RunAsync("dead-letters", "show", "7", "--config", config));
    }
}

using System.Globalization;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Node.Hosting.Control;
using FeatureActors.Node.Hosting.Plugins;
using FeatureActors.Runtime.Ingest;
using Xunit.Abstractions;

namespace FeatureActors.Node.Tests.Plugins;

/// <summary>Formats, lookups, periods, conversions and triggers of a plug-in in a running node, and what becomes of it when they misbehave.</summary>
public sealed class PluginKindsTests : IDisposable
{
    private const string Definitions =
        """
        namespace = shop
        sources.clicks {
          format = "custom:pipes", format-options { separator = ";" }
          event-time { field = ts, unit = ms }
          fields { ts = long, user = string, what = string }
          lookups.catalog { type = "custom:catalog", key = what, columns = [brand, price], prefix = "b-" }
        }
        entities.user { key = [string], shards = 4 }
        groups.activity {
          entity = user, source = clicks, key = user
          features {
            clicks { type = count, windows = [1h] }
            brands { type = count-map, key = brand, windows = [1h] }
            spent { type = sum, of = "price * 2", windows = [1h] }
            cheap { type = count, where = "brand = 'b-c'", windows = [1h] }
            label { type = "custom:label", of = what }
            long { type = "custom:label", of = what, as = length }
            twice { type = derived, expr = "long * 2" }
            shift { type = count, windows = [{ tumbling = "custom:shift" }, { tumbling = "custom:shift", begin = 0s, name = midnight }] }
            checked { type = last, of = "halt(what)", windows = [1h] }
          }
          triggers = [{ on = update, coalesce = 10ms }]
        }
        """;

    private static long Sent;

    private readonly ITestOutputHelper _output;
    private readonly string _folder = Directory.CreateTempSubdirectory("fa-plugins-").FullName;

    public PluginKindsTests(ITestOutputHelper output)
    {
        _output = output;
        PluginFiles.PutKinds(_folder);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_plug_in_is_listed_with_all_it_brings_and_the_version_that_its_author_states()
    {
        Assert.Equal(
            ["kinds 1.4.0-beta.2: conversion custom:label, trigger custom:moody, function halt, format custom:pipes, lookup custom:catalog, periods custom:shift, sink custom:shelf"],
            PluginSet.Load(_folder).Describe());
    }

    [Fact]
    public async Task Formats_lookups_periods_and_conversions_of_a_plug_in_make_values()
    {
        await using var node = new PluginNode(_folder, Definitions);
        Send(node, "u", "apple");
        Send(node, "u", "cod");
        Send(node, "u", "unknown");
        Send(node, "u", "none");
        await node.UntilValueAsync("u", "clicks:1h", "4");

        Assert.Equal("""{"b-a":1,"b-c":1,"b-n":1}""", node.Value("u", "brands:1h"));
        Assert.Equal("24", node.Value("u", "spent:1h"));
        Assert.Equal("1", node.Value("u", "cheap:1h"));
        Assert.Equal("4", node.Value("u", "shift:tumbling-shift"));
        Assert.Equal("4", node.Value("u", "shift:midnight"));
        Assert.Equal("none", node.Value("u", "checked:1h"));
        Assert.Equal("unknown", node.Value("u", "label"));
        Assert.Equal("7.5", node.Value("u", "long"));
        Assert.Equal("15", node.Value("u", "twice"));
        Assert.Empty(await node.Letters.ListAsync(null, null, 10, CancellationToken.None));
    }

    [Theory]
    [InlineData("throw-format", "told to throw in format", "PipesFormat.Decoder.Decode")]
    [InlineData("nonsense-format", "field 'what' is a cell that points beyond its bytes", "PluginFaultException")]
    public async Task An_event_that_a_decoder_fails_on_is_dead_lettered_with_the_stack_and_the_others_count(string what, string error, string stack)
    {
        await using var node = new PluginNode(_folder, Definitions);
        Send(node, "u", what);
        Send(node, "u", "a");
        await node.UntilValueAsync("u", "clicks:1h", "1");

        DeadLetter letter = await LetterAsync(node, "format-error");
        Assert.Contains(error, letter.Error, StringComparison.Ordinal);
        Assert.Contains(stack, letter.Error, StringComparison.Ordinal);
        Assert.Equal(1, node.Part("sources.clicks.format").Faults);
    }

    [Fact]
    public async Task An_event_that_a_decoder_refuses_is_a_bad_event_and_no_fault()
    {
        await using var node = new PluginNode(_folder, Definitions);
        node.SendRaw("soon;u;a");
        Send(node, "u", "a");
        await node.UntilValueAsync("u", "clicks:1h", "1");

        Assert.Contains("malformed event in field 'ts': no whole number", (await LetterAsync(node, "malformed")).Error, StringComparison.Ordinal);
        Assert.Equal(0, node.Part("sources.clicks.format").Faults);
    }

    [Fact]
    public async Task A_source_whose_decoder_is_switched_off_stands_still_and_skips_nothing()
    {
        await using var node = new PluginNode(_folder, Definitions);
        Send(node, "u", "a");
        await node.UntilValueAsync("u", "clicks:1h", "1");
        Send(node, "u", "throw-format", 110);
        Send(node, "u", "b");
        await node.UntilAsync(() => node.Part("sources.clicks.format").IsOff, "the format is switched off");
        await node.UntilAsync(() => node.Runtime.Status.Sources.Single().State == IngestState.FormatOff, "the source stands still");

        Assert.Contains("stands still: its format of plug-in kinds is switched off (told to throw in format)", node.Runtime.Status.Halts.Single(), StringComparison.Ordinal);
        Assert.Equal("1", node.Value("u", "clicks:1h"));
        await node.UntilAsync(async () => (await node.Letters.CountAsync(CancellationToken.None)).GetValueOrDefault("format-error") >= 100, "dead letters are kept meanwhile");
        Assert.Equal(["sources.clicks.format is switched on"], (await node.AskAsync("plugins switch-on", "sources.clicks.format")).Lines);
        await node.UntilValueAsync("u", "clicks:1h", "2");
        Assert.Empty(node.Runtime.Status.Halts);
    }

    [Theory]
    [InlineData("throw-lookup", "told to throw in lookup", "CatalogLookup.Table.TryFind")]
    [InlineData("nonsense-lookup", "column 0 is a string that is no UTF-8", "PluginFaultException")]
    public async Task What_a_lookup_fails_on_costs_its_columns_and_nothing_else(string what, string error, string stack)
    {
        await using var node = new PluginNode(_folder, Definitions);
        Send(node, "u", "cod");
        Send(node, "u", what);
        await node.UntilValueAsync("u", "clicks:1h", "2");

        Assert.Equal("""{"b-c":1}""", node.Value("u", "brands:1h"));
        Assert.Equal("6", node.Value("u", "spent:1h"));
        DeadLetter letter = await LetterAsync(node, "lookup-error");
        Assert.Contains(error, letter.Error, StringComparison.Ordinal);
        Assert.Contains(stack, letter.Error, StringComparison.Ordinal);
        Assert.Equal(1, node.Part("sources.clicks.lookups.catalog").Faults);
    }

    [Fact]
    public async Task A_lookup_that_fails_on_most_events_is_switched_off_and_on_again_by_command()
    {
        await using var node = new PluginNode(_folder, Definitions);
        Send(node, "u", "throw-lookup", 120);
        await node.UntilValueAsync("u", "clicks:1h", "120");
        Assert.True(node.Part("sources.clicks.lookups.catalog").IsOff);
        Assert.InRange(node.Part("sources.clicks.lookups.catalog").Faults, 100, 119);
        Send(node, "u", "cod");
        await node.UntilValueAsync("u", "clicks:1h", "121");
        Assert.Null(node.Value("u", "brands:1h"));

        Assert.True((await node.AskAsync("plugins switch-on", "sources.clicks.lookups.catalog")).IsDone);
        Send(node, "u", "cod");
        await node.UntilValueAsync("u", "brands:1h", """{"b-c":1}""");
    }

    [Theory]
    [InlineData("throw-convert", "LabelConvert.Convert")]
    [InlineData("nonsense-convert", "the value has a list or map that is not closed")]
    public async Task A_row_that_a_conversion_fails_on_is_dead_lettered_and_the_value_stays(string what, string error)
    {
        await using var node = new PluginNode(_folder, Definitions);
        Send(node, "u", "a");
        Send(node, "u", what);
        await node.UntilValueAsync("u", "clicks:1h", "2");

        Assert.Equal("a", node.Value("u", "label"));
        DeadLetter letter = await LetterAsync(node, "feature-error");
        Assert.Contains(error, letter.Error, StringComparison.Ordinal);
        Assert.Equal(1, node.Part("activity.label").Faults);
    }

    [Theory]
    [InlineData("function", "halt")]
    [InlineData("lookup", "sources.clicks.lookups.catalog")]
    [InlineData("format", "sources.clicks.format")]
    public async Task A_call_at_ingest_that_never_returns_is_given_up_and_its_partition_is_read_again(string misdeed, string part)
    {
        await using var node = new PluginNode(_folder, Definitions, callBudget: TimeSpan.FromMilliseconds(500));
        Send(node, "u", "a");
        await node.UntilValueAsync("u", "clicks:1h", "1");
        long start = TimeProvider.System.GetTimestamp();
        Send(node, "u", "hang-" + misdeed);
        Send(node, "u", "b");
        await node.UntilAsync(() => node.Part(part).IsOff, "it is switched off");
        TimeSpan off = TimeProvider.System.GetElapsedTime(start);

        Assert.Contains("did not return", node.Part(part).OffReason, StringComparison.Ordinal);
        if (misdeed == "format")
        {
            await node.UntilAsync(() => node.Runtime.Status.Halts.Any(), "the source stands still, for nothing can be read without it");
        }
        else
        {
            await node.UntilValueAsync("u", "clicks:1h", "3");
            _output.WriteLine($"off after {off.TotalMilliseconds:F0} ms, both events published after {TimeProvider.System.GetElapsedTime(start).TotalMilliseconds:F0} ms");
        }

        Assert.Contains($"{part} of plug-in kinds did not return", (await LetterAsync(node, "stuck-call")).Error, StringComparison.Ordinal);
        Assert.Equal(1, node.Runtime.Status.StuckThreads);
    }

    [Theory]
    [InlineData("{ on = \"custom:moody\" }", "in no mood for a time", "MoodyTriggerType.Asked.NextEvaluationMs")]
    [InlineData("{ on = \"custom:moody\", looks = true, of = \"clicks:1h\" }", "in no mood for values", "MoodyTriggerType.Shown.Fires")]
    public async Task A_trigger_that_throws_is_dead_lettered_with_the_stack_and_the_group_is_written(string trigger, string error, string stack)
    {
        await using var node = new PluginNode(_folder, Definitions.Replace("{ on = update, coalesce = 10ms }", trigger, StringComparison.Ordinal));
        Send(node, "u", "a");
        await node.UntilValueAsync("u", "clicks:1h", "1");

        DeadLetter letter = await LetterAsync(node, "trigger-error");
        Assert.Equal(("activity", "moody", "user"), (letter.Group, letter.Feature, letter.Source));
        Assert.Contains(error, letter.Error, StringComparison.Ordinal);
        Assert.Contains(stack, letter.Error, StringComparison.Ordinal);
        Assert.InRange(node.Part("activity.moody").Faults, 1, 100);
    }

    [Fact]
    public async Task All_kinds_are_exchanged_on_a_running_node_and_the_old_version_leaves_memory()
    {
        await using var node = new PluginNode(_folder, Definitions);
        Send(node, "u", "apple");
        await node.UntilValueAsync("u", "clicks:1h", "1");

        ControlAnswer answer = await node.AskAsync("plugins reload", "kinds");

        Assert.True(answer.IsDone, string.Join('\n', answer.Lines));
        Send(node, "u", "cod");
        await node.UntilValueAsync("u", "clicks:1h", "2");
        Assert.Equal("""{"b-a":1,"b-c":1}""", node.Value("u", "brands:1h"));
        await node.UntilAsync(
            () =>
            {
                PluginLoaderTests.Collect(node.Loaded.Single());
                return !node.Loaded.Single().IsAlive;
            },
            "the old version leaves memory");
    }

    private static void Send(PluginNode node, string user, string what, int times = 1)
    {
        for (int i = 0; i < times; i++)
        {
            // Each a little newer, so that the newest row is the last.
            long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() + Interlocked.Increment(ref Sent);
            node.SendRaw(string.Create(CultureInfo.InvariantCulture, $"{now};{user};{what}"));
        }
    }

    private static async Task<DeadLetter> LetterAsync(PluginNode node, string reason)
    {
        DeadLetter? letter = null;
        await node.UntilAsync(
            async () =>
            {
                IReadOnlyList<DeadLetter> letters = await node.Letters.ListAsync(reason, null, 1, CancellationToken.None);
                letter = letters.Count > 0 ? letters[0] : null;
                return letter is not null;
            },
            $"a dead letter {reason} is kept");
        return letter!;
    }
}

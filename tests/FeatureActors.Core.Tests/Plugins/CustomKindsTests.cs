using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Windows;
using FeatureActors.Hocon;

namespace FeatureActors.Core.Tests.Plugins;

public sealed class CustomKindsTests
{
    private const string Text =
        """
        namespace = shop
        sources.s {
          format = "custom:lines", format-options { width = 4 }
          event-time { field = ts, unit = ms }, fields { id = string, n = long, ts = long }
          lookups { first { type = "custom:table", key = id, columns = [brand, size], path = there }, second { type = "custom:table", key = n, columns = [other, rank] } }
        }
        windows { shift { tumbling = "custom:shift", begin = 6h, series = 2 } }
        entities.e { key = [string] }
        groups.g {
          entity = e, source = s, key = id
          features {
            brands { type = count-map, key = brand, where = "size > 3", windows = [shift, 1h] }
            rank { type = max, of = "rank * 2", windows = [{ tumbling = "custom:shift", name = day }] }
          }
        }
        """;

    private static readonly FeatureTypeRegistry Types = new(BuiltInFeatureTypes.All);

    [Fact]
    public void Formats_lookups_and_periods_of_plug_ins_bind_and_their_canonical_text_is_the_same_plan()
    {
        DefinitionsModel model = Bind(Text);
        SourceDefinition source = model.Source("s");
        Assert.Equal(EventFormat.Custom, source.Format);
        Assert.Equal(["brand:String", "size:Long", "other:String", "rank:Long"], source.LookupColumns.Select(static c => $"{c.Name}:{c.Type}"));
        Assert.Equal(["shift", "shift@1", "1h"], model.Groups[0].Features[0].Windows.Select(static w => w.Name));

        DefinitionsAssignment first = DefinitionsCatalog.Assign(model, null, 7);
        DefinitionsModel again = Bind(DefinitionsCatalog.TextOf(model));
        Assert.False(DefinitionsCatalog.Assign(again, first.Snapshot, 8).HasChanges);
        Assert.Equal(DefinitionsCatalog.TextOf(model), DefinitionsCatalog.TextOf(again));
        Assert.Contains("the period of custom:shift", PlanReport.Of(model, first).ToText(), StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_have_the_columns_of_lookups_behind_the_fields_and_before_the_expressions()
    {
        DefinitionsModel model = Bind(Text);
        IngestPlan plan = Assert.Single(PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model)).Sources);

        Assert.Equal(4, plan.LookupCells);
        Assert.All(plan.Lookups, static l => Assert.True(l.IsNeeded));
        Assert.Equal([("size", 5), ("brand", 4), ("=(\"rank\" * 2)", 8)], plan.Routes[0].Columns.Select(c => (NameOf(model, c.Field), c.Field)));
        Assert.Equal(["sources.s.lookups.first", "sources.s.lookups.second", "sources.s.format"], plan.Parts.Select(static p => p.Name));
    }

    [Fact]
    public void A_lookup_that_nobody_reads_is_not_called_and_its_key_is_not_parsed()
    {
        DefinitionsModel model = Bind(Text.Replace("rank * 2", "size * 2", StringComparison.Ordinal));
        IngestPlan plan = Assert.Single(PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model)).Sources);

        Assert.Equal([true, false], plan.Lookups.Select(static l => l.IsNeeded));
        Assert.Equal(["id"], PlanCompiler.DecoderOptionsOf(model, model.Source("s")).Fields.Where(static f => f.IsNeeded).Select(static f => f.Name));
    }

    [Theory]
    [InlineData("\"custom:lines\"", "\"custom:line\"", "3:12", "no plug-in has a format 'custom:line'", "did you mean 'custom:lines'?")]
    [InlineData("\"custom:lines\"", "json", "3:33", "only a source with the format of a plug-in has format-options", "")]
    [InlineData("width = 4", "width = 10", "3:53", "must be from 1 to 9", "")]
    [InlineData("width = 4", "widht = 4", "3:45", "unknown key 'widht'", "did you mean 'width'?")]
    [InlineData("n = long, ts", "n = decimal, ts", "3:12", "cannot decode the declared fields: no decimals", "")]
    [InlineData("\"custom:table\", key = id", "\"custom:tabel\", key = id", "5:28", "no plug-in has a lookup 'custom:tabel'", "did you mean 'custom:table'?")]
    [InlineData("key = id, columns", "key = idd, columns", "5:50", "the source declares no field 'idd'", "did you mean 'id'?")]
    [InlineData("[brand, size]", "[brand]", "5:64", "fills 2 columns (string, long), 1 are named", "")]
    [InlineData("[other, rank]", "[brand, rank]", "5:", "has a field or column 'brand' already", "another name")]
    [InlineData("path = there", "path = nowhere", "5:28", "lookup custom:table of plug-in stub failed while it was bound: no such table", "")]
    [InlineData("path = there", "pth = there", "5:79", "unknown key 'pth'", "did you mean 'path'?")]
    [InlineData("key = id\n", "key = brand\n", "10:", "source s declares no field 'brand'", "")]
    [InlineData("key = id\n", "key = id, where = \"brand = 'x'\"\n", "10:", "brand", "")]
    [InlineData("format-options { width = 4 }", "retract = \"n = 1\"", "5:", "a source with 'retract' has no lookups", "remove 'lookups' or 'retract'")]
    [InlineData("n = long, ts = long }", "n = long, ts = long }, retract = \"size = 1\"", "4:", "size", "")]
    [InlineData("tumbling = \"custom:shift\", begin", "tumbling = \"custom:shfit\", begin", "7:30", "no plug-in has periods 'custom:shfit'", "did you mean 'custom:shift'?")]
    [InlineData("begin = 6h", "begn = 6h", "7:46", "unknown key 'begn'", "did you mean 'begin'?")]
    [InlineData("begin = 6h", "begin = 1500ms", "7:30", "a period starts at", "")]
    public void A_mistake_is_shown_where_it_stands(string before, string after, string place, string message, string hint)
    {
        string text = Text.ReplaceLineEndings("\n").Replace(before, after, StringComparison.Ordinal);
        Assert.NotEqual(Text.ReplaceLineEndings("\n"), text);

        IReadOnlyList<ConfigError> errors = Assert.Throws<ConfigException>(() => Bind(text)).Errors;

        Assert.True(
            errors.Any(e => e.ToString().StartsWith("d.conf:" + place, StringComparison.Ordinal) && e.Message.Contains(message, StringComparison.Ordinal)
                && (e.Hint ?? "").Contains(hint, StringComparison.Ordinal)),
            string.Join('\n', errors));
    }

    [Fact]
    public void Periods_of_a_plug_in_cut_time_as_its_calls_do_and_go_on_beyond_their_table()
    {
        const long begin = 6 * 3_600_000;
        TablePeriods days = Periods(new StubKinds.Slots(static (_, time) => StartOfDay(time, begin)))!;
        var random = new Random(20261121);
        for (int i = 0; i < 10_000; i++)
        {
            long time = random.NextInt64(-8_000_000_000_000, 8_000_000_000_000);
            Assert.Equal(StartOfDay(time, begin), days.CellStart(time));
            Assert.Equal(StartOfDay(time, begin) + 86_400_000, days.StartOf(days.IndexOf(time) + 1));
        }

        Assert.Equal((86_400_000, 86_400_000, "shift"), (days.LengthMsMin, days.LengthMsMax, days.Word));
        Assert.Equal(days, Periods(new StubKinds.Slots(static (_, time) => StartOfDay(time, begin))));
        Assert.NotEqual(days, Periods(new StubKinds.Slots(static (_, time) => StartOfDay(time, 0))));
    }

    [Theory]
    [InlineData(0, "NextStart(0) is 0, less than a second later")]
    [InlineData(1, "StartOf(0) is 1")]
    [InlineData(2, "a period starts at 1500, which is no whole second")]
    [InlineData(3, "StartOf(86400000) is 0, though a period starts there")]
    [InlineData(4, "there are more than 1200000 periods")]
    [InlineData(5, "told to throw")]
    [InlineData(6, "no answer within")]
    public void Answers_that_are_no_periods_are_a_mistake_of_the_definitions(int how, string message)
    {
        StubKinds.Slots slots = how switch
        {
            0 => new(static (_, _) => 0, static start => start),
            1 => new(static (_, _) => 1),
            2 => new(static (_, time) => time / 1500 * 1500, static start => start + 1500),
            3 => new(static (_, _) => 0),
            4 => new(static (_, time) => time / 1000 * 1000, static start => start + 1000),
            5 => new(static (_, _) => throw new InvalidOperationException("told to throw")),
            _ => new(static (_, _) =>
            {
                using var never = new ManualResetEventSlim();
                never.Wait();
                return 0;
            }),
        };
        var errors = new List<ConfigError>();
        Assert.Null(Periods(slots, errors));
        Assert.Contains(message, Assert.Single(errors).Message, StringComparison.Ordinal);
    }

    private static long StartOfDay(long time, long begin) => time - ((((time - begin) % 86_400_000) + 86_400_000) % 86_400_000);

    private static TablePeriods? Periods(StubKinds.Slots slots, List<ConfigError>? errors = null)
    {
        var reader = new ConfigReader(HoconParser.ParseText("tumbling = \"custom:shift\"", "d.conf"), "w", errors ?? []);
        return new PluginSlots(slots, "stub", TimeSpan.FromMilliseconds(errors is null ? 30_000 : 2_000)).Bind(new ConfigSettingsBinding("w", reader));
    }

    private static string NameOf(DefinitionsModel model, int cell)
    {
        SourceDefinition source = model.Source("s");
        FieldDefinition[] behind = [.. source.LookupColumns, .. source.Expressions.Select(static e => new FieldDefinition(e.Name, e.Type))];
        return cell < source.Fields.Count ? source.Fields[cell].Name : behind[cell - source.Fields.Count - 1].Name;
    }

    private static DefinitionsModel Bind(string text) =>
        DefinitionsBinder.Bind(HoconParser.ParseText(text, "d.conf"), Types, custom: StubKinds.All);
}

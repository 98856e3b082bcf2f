using System.Text;
using System.Text.Json;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Tests.Definitions;

public sealed class PlanCompilerTests
{
    private const string TwoSources =
        """
        namespace = shop
        sources {
          a { event-time { field = t, unit = ms }, event-id { field = eid, keep = 2h, max = 7 }
              fields { unused = string, id = string, other = string, v = double, eid = string, only_a = long } }
          b { event-time { field = t, unit = s }, fields { v = double, id = string } }
        }
        entities { e { key = [string], shards = 4 }, lonely { key = [long] } }
        groups {
          g1 { entity = e, from = [{ source = a, key = id, where = "other = 'x'" }, { source = b, key = id }]
            features { s { type = sum, of = v, windows = [1h, 1d] }, r { type = ratio, numerator = s, denominator = c }
                       c { type = count, where = "only_a > 1", windows = [1d] } } }
          g2 { entity = e, from = [{ source = a, key = id }, { source = a, key = other }]
            features { l { type = latest, of = v }, n { type = count, windows = [1h] } }, margin = 2h }
        }
        """;

    [Fact]
    public void Contract_example_compiles_to_the_fields_of_its_hash()
    {
        EntityPlan plan = Assert.Single(Samples.Compile(Samples.Contract).Entities);
        Assert.Equal(
            [
                "buys:1h", "buys:1d", "buys:7d", "cancels:1d", "cancels:7d", "quantity:1d", "by_category:7d", "top_buyers:7d",
                "last_buyers:30d", "cancel_rate:1d", "cancel_rate:7d",
            ],
            Assert.Single(plan.Groups).Fields.Select(f => f.Name));
        Assert.Equal(("shop", "item", 16, 0), (plan.Namespace, plan.Entity, plan.Shards, plan.DefinitionsVersion));
        Assert.Equal([1, 2, 3, 4, 5, 6], plan.Features.Select(f => f.Number));
    }

    [Fact]
    public void Ratio_points_at_the_fields_it_reads()
    {
        IReadOnlyList<FieldPlan> fields = Samples.Compile(TwoSources).Entities[0].Groups[0].Fields;
        Assert.Equal(["s:1h", "s:1d", "c:1d", "r:1d"], fields.Select(f => f.Name));
        RatioFieldPlan ratio = Assert.IsType<RatioFieldPlan>(fields[3]);
        Assert.Equal((1, 2), (ratio.Numerator, ratio.Denominator));
    }

    [Fact]
    public void Entity_has_the_columns_somebody_reads_with_a_number_for_each_source()
    {
        EntityPlan plan = Assert.Single(Samples.Compile(TwoSources).Entities);
        Assert.Equal(["v", "only_a"], plan.Columns.Select(c => c.Name));
        Assert.Equal([2, 1], plan.Columns.Select(c => c.Numbers.Count));
        Assert.Equal(3, plan.Columns.SelectMany(c => c.Numbers).Distinct().Count());
        Assert.Equal(["a", "b"], plan.Sources);
        Assert.Equal((7_200_000, 7), (plan.EventIdKeepMs, plan.EventIdsMax));
        Assert.Equal(
            [(0, 2), (2, 2)], plan.Groups.Select(g => (g.FirstFeature, g.FeatureCount)));
        Assert.Equal([0, 0, 1, 1], plan.Features.Select(f => f.Group));
        Assert.Equal([3_600_000L, 7_200_000], plan.Groups.Select(g => g.MarginMs));
        Assert.Equal(["l", "n:1h"], plan.Groups[1].Fields.Select(f => f.Name));
        Assert.Equal((3_600_000L, 60_000), IdleOf(Assert.IsType<SlidingWindow>(plan.Groups[1].Idle)));
    }

    [Fact]
    public void One_row_per_key_serves_all_groups_fed_under_it()
    {
        IReadOnlyList<IngestPlan> plans = Samples.Compile(TwoSources).Sources;
        Assert.Equal(["a", "b"], plans.Select(p => p.Source));
        IngestPlan a = plans[0];
        Assert.Equal(2, a.Routes.Count);
        Assert.Equal([1], a.Routes[0].KeyFields);
        Assert.Equal(["g1", "g2"], a.Routes[0].Groups.Select(g => g.Name));
        Assert.Equal([2], a.Routes[1].KeyFields);
        Assert.Equal(["g2"], a.Routes[1].Groups.Select(g => g.Name));
        Assert.Equal([3, 5], a.Routes[0].Columns.Select(c => c.Field));
        Assert.Equal(4, a.EventIdField);
        Assert.Equal([0], plans[1].Routes[0].Columns.Select(c => c.Field));
        Assert.Equal(-1, plans[1].EventIdField);
    }

    [Fact]
    public void Decoder_reads_only_fields_that_somebody_needs()
    {
        DefinitionsModel model = Samples.Bind(TwoSources);
        EventDecoderOptions options = PlanCompiler.DecoderOptionsOf(model, model.Source("a"));
        Assert.Equal(["id", "other", "v", "eid", "only_a"], options.Fields.Where(f => f.IsNeeded).Select(f => f.Name));
        Assert.Equal(6, options.Fields.Count);
    }

    [Fact]
    public void Filters_of_the_plan_see_decoded_events_and_can_be_shared_by_threads()
    {
        IngestPlan plan = Samples.Compile(TwoSources).Sources[0];
        RowPredicate where = plan.Routes[0].Groups[0].Where!;
        Parallel.For(0, 4, _ =>
        {
            IEventDecoder decoder = plan.CreateDecoder();
            var target = new DecodedEvent(6);
            for (int i = 0; i < 1000; i++)
            {
                string other = i % 2 == 0 ? "x" : "y";
                DecodeResult result = decoder.Decode(Encoding.UTF8.GetBytes($$"""{"t":1,"id":"k","other":"{{other}}"}"""), target);
                Assert.True(result.IsOk, result.ToString());
                Assert.Equal(i % 2 == 0, where(target.View(0)));
            }
        });
    }

    [Fact]
    public void Plan_of_other_definitions_than_the_snapshot_holds_is_refused()
    {
        DefinitionsModel model = Samples.Bind(Samples.Contract);
        var other = DefinitionsCatalog.Unapplied(Samples.Bind(Samples.Group("a { type = count, windows = [1h] }")));
        Assert.Contains(
            "it holds other definitions",
            Assert.Throws<InvalidOperationException>(() => PlanCompiler.Compile(model, other)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Report_shows_number_bounds_retention_and_worst_case_bytes()
    {
        DefinitionsModel model = Samples.Bind(Samples.Contract);
        PlanReport report = PlanReport.Of(model, DefinitionsCatalog.Assign(model, null, 5));
        string text = report.ToText();
        Assert.Contains("namespace shop, version 1, clock wall", text, StringComparison.Ordinal);
        Assert.Contains("entity item: key [string], 16 shards", text, StringComparison.Ordinal);
        Assert.Contains("    buys #1: count, where ", text, StringComparison.Ordinal);
        Assert.Contains("      window 1h: slot 1m, never less than 1h, at most 1m more\n", text, StringComparison.Ordinal);
        Assert.Contains("kept 169h", text, StringComparison.Ordinal);
        Assert.Contains("cancel_rate = cancels / buys over 1d, 7d; no state", text, StringComparison.Ordinal);
        Assert.Contains("triggers update within 200ms, timer every 10s, expiry; late dead-letter; margin 1h", text, StringComparison.Ordinal);
        Assert.Contains("  added item/item_sales.buys #1", text, StringComparison.Ordinal);

        using var json = JsonDocument.Parse(report.ToJson());
        JsonElement feature = json.RootElement.GetProperty("groups")[0].GetProperty("features")[0];
        Assert.Equal(1, feature.GetProperty("number").GetInt32());
        Assert.Equal(608_400_000, feature.GetProperty("retention_ms").GetInt64());
        Assert.Equal(feature.GetProperty("slots_max").GetInt64() * 8, feature.GetProperty("bytes_max").GetInt64());
    }

    [Fact]
    public void Report_warns_of_slots_that_do_not_divide_each_other()
    {
        DefinitionsModel model = Samples.Bind(
            Samples.Group("a { type = count, windows = [{ size = 1h, slot = 4m }, { size = 2h, slot = 6m }] }"));
        string text = PlanReport.Of(model, DefinitionsCatalog.Assign(model, null, 5)).ToText();
        Assert.Contains("warning: slots are 2m wide, finer than any window asks for", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Report_says_what_needs_accept_reset()
    {
        DefinitionsModel before = Samples.Bind(Samples.Group("a { type = count, windows = [1h] }"));
        DefinitionsModel after = Samples.Bind(Samples.Group("a { type = count, where = \"n = 1\", windows = [1h] }"));
        var first = DefinitionsCatalog.Assign(before, null, 5).Snapshot;
        string text = PlanReport.Of(after, DefinitionsCatalog.Assign(after, first, 6)).ToText();
        Assert.Contains("reset e/g.a #2: was 1; where: none → ", text, StringComparison.Ordinal);
        Assert.Contains("[needs --accept-reset]", text, StringComparison.Ordinal);
    }

    private static (long ExpiryMs, long SlotMs) IdleOf(SlidingWindow idle) => (idle.OffsetMs + idle.SizeMs, idle.SlotMs);
}

using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Triggers;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Tests.Definitions;

public sealed class DefinitionsBinderTests
{
    [Fact]
    public void Contract_example_binds_as_it_is_written()
    {
        DefinitionsModel model = Samples.Bind(Samples.Contract);

        Assert.Equal("shop", model.Namespace);
        Assert.Equal(ClockKind.Wall, model.Clock);
        SourceDefinition source = Assert.Single(model.Sources);
        Assert.Equal(("purchases", "purchases", EventFormat.Json), (source.Name, source.Topic, source.Format));
        Assert.Equal(new EventTimeField("ts_ms", EventTimeUnit.Milliseconds), source.EventTime);
        Assert.Equal((60_000, true, 10_000_000), (source.MaxFutureMs, source.ClampFuture, source.MaxEventBytes));
        Assert.Equal(["user_id", "item_id", "category_id", "action", "value", "ts_ms"], source.Fields.Select(f => f.Name));
        EntityDefinition entity = Assert.Single(model.Entities);
        Assert.Equal(16, entity.Shards);
        Assert.Equal([FieldType.String], entity.Key);
        Assert.Equal(["action", "value", "category_id", "user_id"], entity.Columns.Select(c => c.Name));

        GroupDefinition group = Assert.Single(model.Groups);
        FeedDefinition feed = Assert.Single(group.Feeds);
        Assert.Equal(["item_id"], feed.KeyFields);
        Assert.NotNull(feed.Where);
        Assert.Equal(
            ["buys", "cancels", "quantity", "by_category", "top_buyers", "last_buyers"], group.Features.Select(f => f.Name));
        Assert.Equal(["1h", "1d", "7d"], group.Features[0].Windows.Select(w => w.Name));
        Assert.Equal([60_000L, 900_000, 3_600_000], group.Features[0].Windows.Select(w => Assert.IsType<SlidingWindow>(w).SlotMs));
        Assert.Equal(SlidingWindow.Of("1d", 86_400_000, 300_000), Assert.Single(group.Features[2].Windows));
        Assert.Equal("max-keys=1000", Assert.Single(group.Features[3].Settings, s => s.Key == "max-keys") is { } s ? $"{s.Key}={s.Value}" : "");
        RatioDefinition ratio = Assert.Single(group.Ratios);
        Assert.Equal(("cancels", "buys"), (ratio.Numerator, ratio.Denominator));
        Assert.Equal(["1d", "7d"], ratio.WindowNames);
        Assert.Equal([new UpdateTrigger(200), new TimerTrigger(10_000)], group.Triggers.Select(t => t.Trigger));
        Assert.Equal(LatePolicy.DeadLetter, group.Late);
        Assert.Equal((long.MaxValue, 3_600_000), (group.IdleExpiryMs, group.MarginMs));
    }

    [Fact]
    public void Absent_settings_get_their_documented_defaults()
    {
        DefinitionsModel model = Samples.Bind(Samples.Group("a { type = count, windows = 1h }"));

        SourceDefinition source = model.Source("s");
        Assert.Equal(("s", EventFormat.Json), (source.Topic, source.Format));
        Assert.Null(source.EventId);
        Assert.Equal(16, model.Entity("e").Shards);
        Assert.Equal([UpdateTrigger.Default], model.Groups[0].Triggers.Select(t => t.Trigger));
        Assert.Equal(200, UpdateTrigger.Default.CoalesceMs);
        Assert.Equal(LatePolicy.Drop, model.Groups[0].Late);
    }

    [Theory]
    [InlineData("1h", "1h", 3_600_000, 60_000, 0)]
    [InlineData("60m", "1h", 3_600_000, 60_000, 0)]
    [InlineData("24h", "1d", 86_400_000, 900_000, 0)]
    [InlineData("90m", "90m", 5_400_000, 60_000, 0)]
    [InlineData("7d", "7d", 604_800_000, 3_600_000, 0)]
    [InlineData("{ size = 1d, offset = 7d }", "1d@7d", 86_400_000, 900_000, 604_800_000)]
    [InlineData("{ size = 1d, offset = 168h, name = last_week }", "last_week", 86_400_000, 900_000, 604_800_000)]
    [InlineData("{ size = 1h, slot = 7s }", "1h", 3_600_000, 7_000, 0)]
    [InlineData("{ size = 5s, slot = 1ms }", "5s", 5_000, 1, 0)]
    [InlineData("500ms", "500ms", 500, 1_000, 0)]
    public void Window_gets_canonical_name_and_slot(string text, string name, long sizeMs, long slotMs, long offsetMs)
    {
        DefinitionsModel model = Samples.Bind(Samples.Group($"a {{ type = count, windows = [{text}] }}"));
        Assert.Equal(SlidingWindow.Of(name, sizeMs, slotMs, offsetMs), Assert.Single(model.Groups[0].Features[0].Windows));
    }

    [Fact]
    public void Latest_lives_as_long_as_the_longest_window_of_its_group()
    {
        const string features = "a { type = latest, of = v }\nb { type = count, windows = [1h, { size = 1d, offset = 7d }] }";
        GroupDefinition group = Samples.Bind(Samples.Group(features)).Groups[0];
        Assert.Equal((8 * 86_400_000L, 900_000), (group.IdleExpiryMs, Assert.IsType<SlidingWindow>(group.Idle).SlotMs));
        Assert.Equal("", Assert.Single(group.Features[0].Windows).Name);
    }

    [Fact]
    public void Latest_alone_is_never_forgotten_unless_the_group_says_so()
    {
        GroupDefinition never = Samples.Bind(Samples.Group("a { type = latest, of = v }")).Groups[0];
        Assert.Equal(long.MaxValue, never.IdleExpiryMs);
        GroupDefinition stated = Samples.Bind(Samples.Group("a { type = latest, of = v }", "idle-expiry = 90d")).Groups[0];
        Assert.Equal((90 * 86_400_000L, 86_400_000), (stated.IdleExpiryMs, Assert.IsType<SlidingWindow>(stated.Idle).SlotMs));
    }

    [Fact]
    public void Lifetime_window_takes_the_stated_idle_expiry()
    {
        const string features = "a { type = count, windows = [lifetime, 1h] }\nb { type = count, windows = [{ size = lifetime, name = all }] }";
        GroupDefinition group = Samples.Bind(Samples.Group(features, "idle-expiry = never")).Groups[0];
        Assert.Equal(long.MaxValue, group.IdleExpiryMs);
        Assert.True(group.Features[0].Windows[0].IsLifetime);
        Assert.Equal("all", group.Features[1].Windows[0].Name);
    }

    [Fact]
    public void Ratio_may_stand_before_the_features_it_reads_and_name_its_windows()
    {
        const string features =
            "r { type = ratio, numerator = a, denominator = b, windows = [1h] }\n"
            + "a { type = count, windows = [1h, 1d] }\nb { type = sum, of = v, windows = [1h, 1d] }\n"
            + "l { type = latest, of = v }\nm { type = latest, of = n }\nq { type = ratio, numerator = l, denominator = m }";
        GroupDefinition group = Samples.Bind(Samples.Group(features)).Groups[0];
        Assert.Equal(["1h"], group.Ratios[0].WindowNames);
        Assert.Empty(group.Ratios[1].WindowNames);
    }

    [Fact]
    public void Csv_source_reads_its_options_and_defaults_to_the_declared_fields()
    {
        const string text =
            """
            namespace = shop, clock = event
            sources {
              a { format = csv, csv { delimiter = ";", columns = [x, id, t], header = false }
                  event-time { field = t, unit = iso8601 }, fields { id = long } }
              b { format = csv, event-time { field = t, unit = s }, fields { id = long, t = double }
                  event-id { field = id, keep = 2h, max = 5 }, future = dead-letter, max-event-bytes = 1 MiB, topic = t2 }
            }
            entities.e { key = long, shards = 4 }
            groups.g { entity = e, from = [{ source = a, key = id }, { source = b, key = [id] }]
              features { n { type = count, windows = [1h] } }, triggers = [{ on = expiry }] }
            """;
        DefinitionsModel model = Samples.Bind(text);
        Assert.Equal((';', false), (model.Source("a").Csv!.Delimiter, model.Source("a").Csv!.HasHeader));
        Assert.Equal(["x", "id", "t"], model.Source("a").Csv!.Columns);
        SourceDefinition b = model.Source("b");
        Assert.Equal(["id", "t"], b.Csv!.Columns);
        Assert.Equal(new EventIdDefinition("id", 7_200_000, 5), b.EventId);
        Assert.Equal((false, 1 << 20, "t2"), (b.ClampFuture, b.MaxEventBytes, b.Topic));
        Assert.Equal(ClockKind.Event, model.Clock);
        Assert.Empty(model.Groups[0].Triggers);
    }

    [Fact]
    public void Field_that_only_some_sources_have_is_usable_and_one_of_two_types_only_when_nobody_reads_it()
    {
        const string text =
            """
            namespace = shop
            sources {
              a { event-time { field = t, unit = ms }, fields { id = string, v = long, only_a = string } }
              b { event-time { field = t, unit = ms }, fields { id = string, v = double } }
            }
            entities.e { key = [string] }
            groups {
              both { entity = e, from = [{ source = a, key = id }, { source = b, key = id }]
                features { n { type = last, of = only_a, windows = [1h] } } }
              a { entity = e, source = a, key = id, features { n { type = sum, of = v, windows = [1h] } } }
              b { entity = e, source = b, key = id, features { n { type = sum, of = v, windows = [1h] } } }
            }
            """;
        EntityDefinition entity = Samples.Bind(text).Entity("e");
        Assert.Equal(
            [new FieldDefinition("only_a", FieldType.String), new("v", FieldType.Long), new("v", FieldType.Double)], entity.Columns);
    }
}

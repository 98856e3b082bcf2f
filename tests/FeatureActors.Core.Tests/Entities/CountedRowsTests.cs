using System.Text;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Slots;
using FeatureActors.Hocon;

namespace FeatureActors.Core.Tests.Entities;

/// <summary>Rows that no feature looks at, added as one.</summary>
public sealed class CountedRowsTests
{
    private const long Now = 1_700_000_000_000;
    private const long Minute = 60_000;

    private const string Definitions =
        """
        namespace = shop
        sources.s { topic = s, format = json, event-time { field = ts, unit = ms }, fields { ts = long, id = string } }
        entities.e { key = [string] }
        groups.counts { entity = e, source = s, key = id, features { hour { type = count, windows = [1h] }, days { type = count, windows = [1d, 7d] } } }
        groups.filtered { entity = e, source = s, key = id, features { all { type = count, windows = [1h] }, some { type = count, where = "ts > 0", windows = [1h] } } }
        groups.visits { entity = e, source = s, key = id, features { visits { type = count, windows = [{ session = 30m }] } } }
        groups.last { entity = e, source = s, key = id, idle-expiry = never, features { newest { type = count, windows = [{ last = 5 }] } } }
        groups.idle { entity = e, source = s, key = id, idle-expiry = 2h, features { ever { type = count, windows = [lifetime] } } }
        """;

    private static readonly EntityPlan Plan = PlanOf();

    [Fact]
    public void Rows_added_as_one_count_like_rows_one_by_one_whatever_their_times()
    {
        for (int seed = 1; seed <= 300; seed++)
        {
            var random = new Random(seed);
            ClockKind clock = seed % 2 == 0 ? ClockKind.Wall : ClockKind.Event;
            var alone = new Entity();
            var counted = new Entity();
            for (int batch = 0; batch < 4; batch++)
            {
                long now = Now + (batch * 40 * Minute);
                RowHead[] rows = [.. Enumerable.Range(0, random.Next(1, 60)).Select(_ => Row(now - RandomAge(random), now - random.Next(3), random.Next(4) == 0 ? -1 : 1))];
                foreach (RowHead row in rows)
                {
                    long idleNow = clock == ClockKind.Wall ? row.IngestTimeMs : now;
                    alone.Updater.Apply(row, ViewOf(row), Math.Min(now, idleNow), idleNow);
                }

                counted.ApplyCounted(clock, now, rows);
                Assert.True(alone.Values(now) == counted.Values(now), $"seed {seed}: {alone.Values(now)} one by one, {counted.Values(now)} as one");
            }
        }
    }

    [Fact]
    public void Row_that_a_feature_looks_at_is_not_counted()
    {
        var entity = new Entity();
        entity.Updater.BeginBatch(ClockKind.Event, Now, 0);

        Assert.Equal(0, entity.Updater.PlaceOf(Row(Now, Now, 1)));
        Assert.Equal(-1, entity.Updater.PlaceOf(Row(Now, Now, 1) with { Groups = BitOf("filtered") }));
        Assert.Equal(-1, entity.Updater.PlaceOf(Row(Now, Now, 1) with { Groups = BitOf("counts") | BitOf("filtered") }));
    }

    [Theory]
    [InlineData("idle")]
    [InlineData("visits")]
    [InlineData("last")]
    public void Row_whose_slot_the_state_of_the_entity_decides_is_not_counted(string group)
    {
        var entity = new Entity();
        entity.Updater.BeginBatch(ClockKind.Event, Now, 0);

        Assert.Equal(-1, entity.Updater.PlaceOf(Row(Now, Now, 1) with { Groups = BitOf(group) }));
    }

    [Fact]
    public void Row_beyond_retention_is_not_counted()
    {
        var entity = new Entity();
        entity.Updater.BeginBatch(ClockKind.Event, Now, 0);

        Assert.Equal(-1, entity.Updater.PlaceOf(Row(Now - (9 * 24 * 60 * Minute), Now, 1)));
        Assert.Equal(0, entity.Updater.PlaceOf(Row(Now - (6 * 24 * 60 * Minute), Now, 1)));
    }

    [Fact]
    public void Damaged_slot_costs_its_feature_the_rows_and_no_other()
    {
        var entity = new Entity();
        entity.ApplyCounted(ClockKind.Event, Now, [Row(Now, Now, 1)]);
        FeatureSlot(entity).ResizePayload(3);

        entity.ApplyCounted(ClockKind.Event, Now, [Row(Now, Now, 1), Row(Now, Now, 1)]);

        FeatureFault fault = Assert.Single(entity.Updater.Faults);
        Assert.Equal("hour", Plan.Features[fault.Feature].Name);
        FeatureSlot(entity).ResizePayload(1);
        Assert.Equal("1 3 3", entity.Values(Now));
    }

    private static Abstractions.Features.FeatureSlot FeatureSlot(Entity entity) =>
        entity.Block.Open(0, Plan.Features[0].Timeline.StartOf(Now));

    private static long RandomAge(Random random) => random.Next(3) switch
    {
        0 => random.Next(10) * 1_000,
        1 => random.Next(100) * Minute,
        _ => random.Next(20_000) * Minute,
    };

    private static RowHead Row(long eventTimeMs, long ingestTimeMs, int sign) =>
        new(0, 0, sign, eventTimeMs, ingestTimeMs, BitOf("counts"), 0, 0, 0, 0, 0);

    private static RowView ViewOf(in RowHead row) => new(default, default, row.EventTimeMs, row.IngestTimeMs, row.Sign);

    private static ulong BitOf(string group) => 1UL << Plan.Groups.Single(g => g.Name == group).Number;

    private static EntityPlan PlanOf()
    {
        DefinitionsModel model = DefinitionsBinder.Bind(
            HoconParser.ParseText(Definitions, "d.conf"), new FeatureTypeRegistry(BuiltInFeatureTypes.All));
        return PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model)).Entities[0];
    }

    /// <summary>One entity and what changes it.</summary>
    private sealed class Entity
    {
        private readonly GroupEvaluator _evaluator;

        public Entity()
        {
            var layout = new EntityLayout(Plan);
            Block = new EntityBlock(layout, new ArrayBlockMemory());
            Block.Create("k"u8);
            Updater = new EntityUpdater(layout, Block);
            _evaluator = new GroupEvaluator(layout, Block);
        }

        public EntityBlock Block { get; }

        public EntityUpdater Updater { get; }

        public void ApplyCounted(ClockKind clock, long nowMs, RowHead[] rows)
        {
            Updater.BeginBatch(clock, nowMs, 0);
            var counted = new Dictionary<int, (long Sum, long Newest)>();
            foreach (RowHead row in rows)
            {
                int place = Updater.PlaceOf(row);
                if (place < 0)
                {
                    long idleNow = clock == ClockKind.Wall ? row.IngestTimeMs : nowMs;
                    Updater.Apply(row, ViewOf(row), Math.Min(nowMs, idleNow), idleNow);
                }
                else
                {
                    (long sum, long newest) = counted.GetValueOrDefault(place, (0, long.MinValue));
                    counted[place] = (sum + row.Sign, Math.Max(newest, row.EventTimeMs));
                }
            }

            foreach ((int place, (long sum, long newest)) in counted)
            {
                Updater.ApplyCounted(place, sum, newest);
            }
        }

        public string Values(long nowMs)
        {
            var values = new GroupValues();
            int group = Plan.Groups.Select(static (g, i) => (g.Name, i)).Single(static g => g.Name == "counts").i;
            _evaluator.Evaluate(group, nowMs, values);
            return string.Join(' ', Enumerable.Range(0, Plan.Groups[group].Fields.Count).Select(f => Encoding.UTF8.GetString(values.Text(f))));
        }
    }
}

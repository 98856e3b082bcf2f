using System.Text;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Slots;
using FeatureActors.Hocon;

namespace FeatureActors.Core.Tests.Entities;

public sealed class EntityUpdaterTests
{
    private const long Hour = 3_600_000;

    private const string Definitions =
        """
        namespace = shop
        sources.s { topic = s, format = json, event-time { field = ts, unit = ms }, fields { ts = long, id = string } }
        entities.e { key = [string] }
        groups.g {
          entity = e
          source = s
          key = id
          idle-expiry = 2h
          features { all { type = count, windows = [lifetime] }, hour { type = count, windows = [1h] } }
        }
        """;

    private readonly EntityBlock _block;
    private readonly EntityUpdater _updater;
    private readonly GroupEvaluator _evaluator;
    private readonly EntityPlan _plan;

    public EntityUpdaterTests()
    {
        DefinitionsModel model = DefinitionsBinder.Bind(
            HoconParser.ParseText(Definitions, "d.conf"), new FeatureTypeRegistry(BuiltInFeatureTypes.All));
        _plan = PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model)).Entities[0];
        var layout = new EntityLayout(_plan);
        var memory = new ArrayBlockMemory();
        _block = new EntityBlock(layout, memory);
        _block.Create(Encoding.UTF8.GetBytes("k"));
        _updater = new EntityUpdater(layout, _block);
        _evaluator = new GroupEvaluator(layout, _block);
    }

    [Fact]
    public void Event_behind_an_idle_gap_starts_lifetime_state_anew_although_the_clock_never_stopped_in_the_gap()
    {
        Apply(Hour, nowMs: 0);
        Apply(20 * Hour, nowMs: 0);

        Assert.Equal("1", Value("all:lifetime", 20 * Hour));
    }

    [Fact]
    public void Event_before_the_idle_time_is_over_adds_to_lifetime_state()
    {
        Apply(Hour, nowMs: 0);
        Apply(2 * Hour, nowMs: 0);

        Assert.Equal("2", Value("all:lifetime", 2 * Hour));
    }

    [Fact]
    public void Old_event_adds_to_lifetime_state_while_newer_ones_keep_the_group_alive()
    {
        Apply(20 * Hour, nowMs: 20 * Hour);
        Apply(Hour, nowMs: 20 * Hour);

        Assert.Equal("2", Value("all:lifetime", 20 * Hour));
        Assert.Equal("1", Value("hour:1h", 20 * Hour));
    }

    [Fact]
    public void Event_that_the_group_does_not_take_leaves_idle_state_alone_until_the_clock_has_got_there()
    {
        Apply(Hour, nowMs: Hour);

        // T is held, at two o'clock, since the owner's clock went back: by its own ingest the event is beyond retention.
        ulong taken = Apply(Hour / 2, nowMs: 2 * Hour, idleNowMs: 20 * Hour);

        Assert.Equal(0UL, taken);
        Assert.Equal("1", Value("all:lifetime", 2 * Hour));
    }

    [Fact]
    public void Event_that_the_group_takes_after_its_idle_time_starts_anew_although_the_clock_has_not_got_there()
    {
        Apply(Hour, nowMs: Hour);

        ulong taken = Apply(20 * Hour, nowMs: 2 * Hour, idleNowMs: 20 * Hour);

        Assert.NotEqual(0UL, taken);
        Assert.Equal("1", Value("all:lifetime", 2 * Hour));
    }

    private ulong Apply(long eventTimeMs, long nowMs) => Apply(eventTimeMs, nowMs, nowMs);

    private ulong Apply(long eventTimeMs, long nowMs, long idleNowMs)
    {
        var head = new RowHead(0, 0, 1, eventTimeMs, eventTimeMs, 1UL << _plan.Groups[0].Number, 0, 0, 0, 0, 0);
        return _updater.Apply(head, new RowView(new RowCell[_plan.Columns.Count], default, eventTimeMs, eventTimeMs, 1), nowMs, idleNowMs);
    }

    private string Value(string field, long nowMs)
    {
        var values = new GroupValues();
        _evaluator.Evaluate(0, nowMs, values);
        int index = _plan.Groups[0].Fields.Select(static (f, i) => (f.Name, i)).Single(f => f.Name == field).i;
        return Encoding.UTF8.GetString(values.Text(index));
    }
}

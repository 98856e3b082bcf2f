using System.Text;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Slots;
using FeatureActors.Hocon;

namespace FeatureActors.Core.Tests.Entities;

/// <summary>A type whose value changes with time alone: seconds since the newest row, for a minute.</summary>
public sealed class AgeingTests
{
    private const string Definitions =
        """
        namespace = shop
        sources.s { topic = s, format = json, event-time { field = ts, unit = ms }, fields { ts = long, id = string } }
        entities.e { key = [string] }
        groups.g {
          entity = e
          source = s
          key = id
          idle-expiry = 5s
          features { age { type = "custom:age" } }
        }
        """;

    private readonly EntityBlock _block;
    private readonly EntityUpdater _updater;
    private readonly GroupEvaluator _evaluator;
    private readonly EntityPlan _plan;
    private readonly GroupValues _values = new();

    public AgeingTests()
    {
        DefinitionsModel model = DefinitionsBinder.Bind(
            HoconParser.ParseText(Definitions, "d.conf"), new FeatureTypeRegistry([.. BuiltInFeatureTypes.All, new AgeType()]));
        _plan = PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model)).Entities[0];
        var layout = new EntityLayout(_plan);
        _block = new EntityBlock(layout, new ArrayBlockMemory());
        _block.Create(Encoding.UTF8.GetBytes("k"));
        _updater = new EntityUpdater(layout, _block);
        _evaluator = new GroupEvaluator(layout, _block);
    }

    [Fact]
    public void A_value_that_ages_is_due_at_the_next_multiple_of_its_step_and_expires_when_it_is_spent()
    {
        Apply(100_500);

        Assert.Equal("1", Value(101_500));
        Assert.Equal(110_000, _values.NextDueMs);
        Assert.Equal(160_500, _values.LastExitMs);
        Assert.Equal("10", Value(110_500));
        Assert.Equal(120_000, _values.NextDueMs);
    }

    [Fact]
    public void Spent_state_is_dropped_and_the_entity_is_empty_and_idle_time_does_not_touch_it()
    {
        Apply(100_500);

        Assert.Equal("59", Value(160_499));
        Assert.True(_values.IsAlive);
        Assert.Null(Value(160_500));
        Assert.False(_values.IsAlive);
        Assert.True(_values.IsCompacted);
        Assert.Equal(long.MaxValue, _values.NextDueMs);
        Assert.False(_block.HasSlots(0));
    }

    [Fact]
    public void A_row_long_after_the_idle_time_adds_to_state_that_has_not_faded()
    {
        Apply(100_500);
        Apply(90_000, nowMs: 140_000);

        Assert.Equal("39", Value(140_000));
    }

    private void Apply(long eventTimeMs, long nowMs = 0)
    {
        var head = new RowHead(0, 0, 1, eventTimeMs, eventTimeMs, 1UL << _plan.Groups[0].Number, 0, 0, 0, 0, 0);
        var row = new RowView(new RowCell[_plan.Columns.Count], default, eventTimeMs, eventTimeMs, 1);
        Assert.NotEqual(0UL, _updater.Apply(head, row, nowMs));
    }

    private string? Value(long nowMs)
    {
        _evaluator.Evaluate(0, nowMs, _values);
        return _values.Fields[0].Kind == FeatureValueKind.Absent ? null : Encoding.UTF8.GetString(_values.Text(0));
    }

    private sealed class AgeType : IFeatureType
    {
        public string Name => "custom:age";

        public FeatureAggregate Bind(FeatureBinding binding) => new Aggregate();
    }

    private sealed class Aggregate : FeatureAggregate
    {
        private const long LifeMs = 60_000;

        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.Unwindowed | FeatureTraits.Numeric;

        public override long PayloadBytesMax => 8;

        public override long AgeingStepMs => 10_000;

        public override void Apply(in RowView row, ref FeatureSlot slot) => Keep(row.EventTimeMs, ref slot);

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into) => Keep(BitConverter.ToInt64(payload), ref into);

        public override bool IsSpent(in SlotList slots) => slots.NowMs >= SpentAtMs(slots);

        public override long SpentAtMs(in SlotList slots) => BitConverter.ToInt64(slots.Payload(0)) + LifeMs;

        public override void Evaluate(in SlotList slots, FeatureValueWriter value) =>
            value.Write((slots.NowMs - BitConverter.ToInt64(slots.Payload(0))) / 1000);

        private static void Keep(long timeMs, ref FeatureSlot slot)
        {
            long newest = slot.Payload.IsEmpty ? timeMs : Math.Max(timeMs, BitConverter.ToInt64(slot.Payload));
            slot.ResizePayload(8);
            BitConverter.TryWriteBytes(slot.Payload, newest);
        }
    }
}

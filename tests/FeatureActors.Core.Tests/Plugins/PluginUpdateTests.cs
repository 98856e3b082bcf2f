using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Slots;
using FeatureActors.Hocon;

namespace FeatureActors.Core.Tests.Plugins;

/// <summary>What a failing update of a plug-in leaves behind, among the rows of a key in a batch.</summary>
public sealed class PluginUpdateTests
{
    private const long Hour = 3_600_000;

    [Fact]
    public void A_row_that_fails_half_way_leaves_what_the_rows_around_it_made()
    {
        var run = new Run(new Tally(fails: static (n, _) => n == 13));

        run.Apply((0, 1), (0, 2), (0, 13), (0, 4), (0, 13), (0, 8), (Hour, 16), (0, 32));

        Assert.Equal([1 + 2 + 4 + 8 + 32, 16], run.Sums());
        Assert.Equal(2, run.Faults);
        Assert.Equal(6, run.SharedLength);
    }

    [Fact]
    public void A_first_row_that_fails_leaves_no_slot()
    {
        var run = new Run(new Tally(fails: static (n, _) => n == 13));

        run.Apply((0, 13));

        Assert.Empty(run.Sums());
        Assert.Equal(1, run.Faults);
    }

    [Fact]
    public void A_row_that_fails_only_when_it_is_applied_again_is_missing_alone()
    {
        // The second time that 2 is seen is when 13 has failed and the rows before it are applied again.
        var run = new Run(new Tally(fails: static (n, seen) => n == 13 || (n == 2 && seen > 1)));

        run.Apply((0, 1), (0, 2), (0, 4), (0, 13), (0, 8));

        Assert.Equal([1 + 4 + 8], run.Sums());
        Assert.Equal(2, run.Faults);
    }

    [Fact]
    public void More_rows_than_one_copy_serves_are_all_kept_when_the_last_fails()
    {
        var run = new Run(new Tally(fails: static (n, _) => n == 13));

        run.Apply([.. Enumerable.Range(0, 1000).Select(static _ => (0L, 1L)), (0, 13)]);

        Assert.Equal([1000], run.Sums());
        Assert.Equal(1, run.Faults);
    }

    /// <summary>One entity, whose rows come as those of one key in a batch.</summary>
    private sealed class Run
    {
        private readonly EntityBlock _block;
        private readonly EntityUpdater _updater;
        private readonly RowCell[] _cells = new RowCell[1];
        private SlotReference[] _slots = [];

        public Run(IFeatureType type)
        {
            DefinitionsModel model = DefinitionsBinder.Bind(
                HoconParser.ParseText(
                    """
                    namespace = shop
                    sources.s { event-time { field = ts, unit = ms }, fields { id = string, ts = long, n = long } }
                    entities.e { key = [string] }
                    groups.g { entity = e, source = s, key = id, features { f { type = "custom:tally", of = n, windows = [{ size = 1d, slot = 1h }] } } }
                    """,
                    "d.conf"),
                new FeatureTypeRegistry([new PluginFeatureType(type, "p")]));
            EntityPlan plan = PlanCompiler.Compile(model, DefinitionsCatalog.Assign(model, null, 0).Snapshot).Entities[0];
            var layout = new EntityLayout(plan);
            _block = new EntityBlock(layout, new ArrayBlockMemory());
            _block.Create("k"u8);
            _updater = new EntityUpdater(layout, _block);
        }

        public int Faults { get; private set; }

        public int SharedLength => _block.View(0, default, 0).Shared.Length;

        public void Apply(params (long TimeMs, long N)[] rows)
        {
            RowView Read(int number)
            {
                _cells[0] = new RowCell { IsPresent = true, Bits = rows[number].N };
                return new RowView(_cells, default, rows[number].TimeMs, 0, 1);
            }

            _updater.BeginRows(Read);
            for (int i = 0; i < rows.Length; i++)
            {
                var head = new RowHead(i, 0, 1, rows[i].TimeMs, 0, ulong.MaxValue, 0, 0, 0, 0, 0);
                RowView view = Read(i);
                _updater.Apply(i, head, view, 2 * Hour, 2 * Hour);
                Faults += _updater.Faults.Count;
                Assert.Equal(rows[i].N, view.GetInt64(0));
            }
        }

        public long[] Sums()
        {
            int count = _block.ListSlots(0, ref _slots);
            SlotList list = _block.View(0, _slots.AsSpan(0, count), 2 * Hour);
            var sums = new long[count];
            for (int i = 0; i < count; i++)
            {
                sums[i] = BinaryPrimitives.ReadInt64LittleEndian(list.Payload(i));
            }

            return sums;
        }
    }

    /// <summary>Adds numbers up, counts rows in the shared part by its length, and fails after it has spoilt both.</summary>
    private sealed class Tally(Func<long, int, bool> fails) : FeatureAggregate, IFeatureType
    {
        private readonly Dictionary<long, int> _seen = [];
        private int _column;

        public string Name => "tally";

        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.None;

        public override long PayloadBytesMax => 64;

        public override long SharedBytesMax => 4096;

        public FeatureAggregate Bind(FeatureBinding binding)
        {
            _column = binding.RequiredColumn("of", FieldType.Long)!.Value.Index;
            return this;
        }

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            long n = row.GetInt64(_column);
            _seen[n] = _seen.GetValueOrDefault(n) + 1;
            slot.ResizeShared(slot.Shared.Length + 1);
            slot.ResizePayload(sizeof(long));
            if (fails(n, _seen[n]))
            {
                slot.Payload.Fill(0xEE);
                slot.Shared.Fill(0xEE);
                slot.ResizePayload(3);
                throw new InvalidOperationException("spoilt");
            }

            BinaryPrimitives.WriteInt64LittleEndian(slot.Payload, BinaryPrimitives.ReadInt64LittleEndian(slot.Payload) + n);
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into) => throw new NotSupportedException();

        public override void Evaluate(in SlotList slots, FeatureValueWriter value) => throw new NotSupportedException();
    }
}

using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.TestKit.Features;

namespace FeatureActors.TestKit.Tests.Features;

/// <summary>Each law finds the type that breaks it, and says by which seed.</summary>
public sealed class FeatureTypeLawsTests
{
    [Fact]
    public void A_type_that_keeps_the_laws_passes()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            LawsOf(new Sum("")).Check(seed, seed);
        }
    }

    [Theory]
    [InlineData("order", "the order of rows shows (seed 7)")]
    [InlineData("merge", "merging all slots into the first shows (seed 7)")]
    [InlineData("commute", "merging all slots in another order shows (seed 7)")]
    [InlineData("store", "storing the state and reading it back shows (seed 7)")]
    [InlineData("invert", "a retraction does not undo its row (seed 7)")]
    [InlineData("size", "the state outgrew its bound: payload 9 of 8 bytes, shared 0 of 8 (seed 7, 40 rows)")]
    [InlineData("merged-size", "the state outgrew its bound: payload 16 of 8 bytes, shared 0 of 8 (seed 7, 40 rows)")]
    [InlineData("release", "state stays after every slot has left (seed 7)")]
    [InlineData("twice", "reading the value a second time shows (seed 7)")]
    [InlineData("throw", "told to throw (seed 7, 40 rows)")]
    [InlineData("nan", "the value has a number that is not finite (seed 7, 40 rows)")]
    [InlineData("open", "the value has a list or map that is not closed (seed 7, 40 rows)")]
    [InlineData("approximate", "the type is Approximate and does not say how far its values may be off: override Accuracy")]
    public void A_type_that_breaks_a_law_is_found_with_its_seed(string fault, string message)
    {
        InvalidOperationException error = Assert.ThrowsAny<InvalidOperationException>(() => LawsOf(new Sum(fault)).Check(7, 40));

        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void State_of_every_older_version_must_be_kept_and_mean_what_it_did()
    {
        var one = new StoredState(1, [5, 0, 0, 0], [], 1_000, "5");
        var two = new StoredState(2, [7, 0, 0, 0, 0, 0, 0, 0], [], 1_000, "7");
        FeatureTypeLaws laws = LawsOf(new Sum("upgrades"));

        laws.ReadsEvery(one, two);

        Assert.Equal(
            "no state of version 2 is kept in the tests: keep one of each version before the next is written",
            Assert.Throws<InvalidOperationException>(() => laws.ReadsEvery(one)).Message);
        Assert.Equal("state of version 1: expected 6, got 5", Assert.Throws<InvalidOperationException>(() => laws.ReadsEvery(one with { Expected = "6" }, two)).Message);
    }

    private static FeatureTypeLaws LawsOf(FeatureAggregate aggregate) =>
        new(aggregate, static (random, time) => new SampleRow(time, (long)random.Next(1, 100)));

    /// <summary>The sum of column 0, with one fault.</summary>
    private sealed class Sum(string fault) : FeatureAggregate
    {
        private int _reads;

        public override byte CodecVersion => fault == "upgrades" ? (byte)2 : (byte)1;

        public override FeatureTraits Traits =>
            FeatureTraits.Numeric | FeatureTraits.Invertible | (fault == "approximate" ? FeatureTraits.Approximate : FeatureTraits.None);

        public override long PayloadBytesMax => sizeof(long);

        public override long SharedBytesMax => sizeof(long);

        public override ReadOnlySpan<byte> EmptyValue => "0"u8;

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            long value = row.GetInt64(0);
            if (fault == "throw")
            {
                throw new NotSupportedException("told to throw");
            }

            long sum = Read(slot.Payload);
            sum = fault == "order" ? (sum * 3) + value
                : fault == "invert" ? sum + value
                : sum + (row.Sign * value);
            Write(sum, ref slot);
            if (fault == "size")
            {
                slot.ResizePayload(9);
            }

            if (fault == "release")
            {
                slot.ResizeShared(sizeof(long));
            }

            if (fault == "store" && _reads > 0 && sum != value)
            {
                Write(sum + 1, ref slot);
            }

            _reads = 0;
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            long other = Read(payload);
            long own = Read(into.Payload);
            Write(fault == "merge" ? own : fault == "commute" ? own + other + (into.StartMs == 0 ? 0 : 1) : own + other, ref into);
            if (fault == "merged-size")
            {
                into.ResizePayload(16);
            }
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            _reads++;
            long sum = 0;
            for (int i = 0; i < slots.Count; i++)
            {
                sum += Read(slots.Payload(i));
            }

            switch (fault)
            {
                case "nan":
                    value.Write(double.NaN);
                    break;
                case "open":
                    value.BeginArray();
                    break;
                case "twice":
                    value.Write(sum + ++_reads);
                    break;
                default:
                    value.Write(sum);
                    break;
            }
        }

        public override bool TryUpgrade(byte fromVersion, ref FeatureSlot slot)
        {
            Write(BinaryPrimitives.ReadInt32LittleEndian(slot.Payload), ref slot);
            return fromVersion == 1;
        }

        private static long Read(ReadOnlySpan<byte> payload) => payload.Length < sizeof(long) ? 0 : BinaryPrimitives.ReadInt64LittleEndian(payload);

        private static void Write(long sum, ref FeatureSlot slot)
        {
            slot.ResizePayload(sizeof(long));
            BinaryPrimitives.WriteInt64LittleEndian(slot.Payload, sum);
        }
    }
}

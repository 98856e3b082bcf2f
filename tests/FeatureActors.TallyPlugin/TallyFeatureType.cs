using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.TallyPlugin;

/// <summary>
/// <c>custom:tally</c>: number of rows. A row whose <c>of</c> says <c>throw</c>, <c>hang</c> or <c>bloat</c> makes it do so; with
/// <c>evaluate = throw | nan | json | open</c> every evaluation goes wrong in that way.
/// </summary>
public sealed class TallyFeatureType : IFeatureType
{
    /// <inheritdoc/>
    public string Name => "tally";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        ArgumentNullException.ThrowIfNull(binding);
        string evaluate = binding.Word("evaluate", "well", "well", "throw", "nan", "json", "open");
        return binding.RequiredColumn("of", FieldType.String) is { } column ? new Aggregate(column.Index, evaluate) : null;
    }

    private sealed class Aggregate(int column, string evaluate) : FeatureAggregate
    {
#if NEXT
        private const int Bytes = 16;

        public override byte CodecVersion => 2;
#else
        private const int Bytes = 8;

        public override byte CodecVersion => 1;
#endif

        public override FeatureTraits Traits => FeatureTraits.Numeric;

        public override long PayloadBytesMax => Bytes;

        public override bool Accepts(in RowView row) => !row.IsNull(column);

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            Add(1, ref slot);
            ReadOnlySpan<byte> what = row.GetUtf8(column);
            if (what.SequenceEqual("throw"u8))
            {
                throw new TallyException("told to throw");
            }

            if (what.SequenceEqual("hang"u8))
            {
                using var never = new ManualResetEventSlim();
                never.Wait();
            }

            if (what.SequenceEqual("bloat"u8))
            {
                slot.ResizePayload(100_000);
            }
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            if (!payload.IsEmpty)
            {
                Add(BinaryPrimitives.ReadInt64LittleEndian(payload), ref into);
            }
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            long rows = 0;
            for (int i = 0; i < slots.Count; i++)
            {
                rows += slots.Payload(i).IsEmpty ? 0 : BinaryPrimitives.ReadInt64LittleEndian(slots.Payload(i));
            }

            switch (evaluate)
            {
                case "throw":
                    throw new TallyException("told to throw at evaluation");
                case "nan":
                    value.Write(double.NaN);
                    break;
                case "json":
                    value.WriteJson("{\"a\":"u8);
                    break;
                case "open":
                    value.BeginArray();
                    break;
                default:
#if NEXT
                    value.Write(rows * 10);
#else
                    value.Write(rows);
#endif
                    break;
            }
        }

#if NEXT
        public override bool TryUpgrade(byte fromVersion, ref FeatureSlot slot)
        {
            slot.ResizePayload(Bytes);
            return fromVersion == 1;
        }
#endif

        private static void Add(long rows, ref FeatureSlot slot)
        {
            if (slot.Payload.IsEmpty)
            {
                slot.ResizePayload(Bytes);
            }

            BinaryPrimitives.WriteInt64LittleEndian(slot.Payload, BinaryPrimitives.ReadInt64LittleEndian(slot.Payload) + rows);
        }
    }
}

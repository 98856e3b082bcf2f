using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.SamplePlugin;

/// <summary>
/// <c>custom:geo-mean</c>: the geometric mean of a double field, exp(Σ ln x / n). Rows that are not above zero are refused and go to
/// the dead letters; absent when there is no row. An example of a feature type written against the abstractions alone.
/// Payload: row count (8 bytes) and Σ ln x in units of 2^−40 (8 bytes): whole numbers, so that order does not show and a
/// retraction takes away exactly what its row added.
/// </summary>
public sealed class GeoMeanFeatureType : IFeatureType
{
    /// <inheritdoc/>
    public string Name => "geo-mean";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding) =>
        binding.RequiredColumn("of", FieldType.Double) is { } column ? new Aggregate(column.Index) : null;

    private sealed class Aggregate(int column) : FeatureAggregate
    {
        private const int Bytes = 16;
        private const double Unit = 1L << 40;

        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.Invertible | FeatureTraits.Numeric;

        public override long PayloadBytesMax => Bytes;

        public override bool Accepts(in RowView row) => !row.IsNull(column);

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            double value = row.GetDouble(column);
            if (value <= 0)
            {
                throw new InvalidOperationException("a geometric mean needs values above zero");
            }

            Add(row.Sign, row.Sign * (long)Math.Round(Math.Log(value) * Unit), ref slot);
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            if (!payload.IsEmpty)
            {
                Add(Count(payload), Logs(payload), ref into);
            }
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            long count = 0;
            Int128 logs = 0;
            for (int i = 0; i < slots.Count; i++)
            {
                ReadOnlySpan<byte> payload = slots.Payload(i);
                if (!payload.IsEmpty)
                {
                    count += Count(payload);
                    logs += Logs(payload);
                }
            }

            if (count > 0)
            {
                value.Write(Math.Exp((double)logs / Unit / count));
            }
        }

        private static long Count(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadInt64LittleEndian(payload);

        private static long Logs(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadInt64LittleEndian(payload[8..]);

        private static void Add(long count, long logs, ref FeatureSlot slot)
        {
            if (slot.Payload.IsEmpty)
            {
                slot.ResizePayload(Bytes);
            }

            Span<byte> payload = slot.Payload;
            BinaryPrimitives.WriteInt64LittleEndian(payload, Count(payload) + count);
            BinaryPrimitives.WriteInt64LittleEndian(payload[8..], Logs(payload) + logs);
        }
    }
}

using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Histories.Tests.Driving;

/// <summary>
/// <c>custom:pair</c>, as a plug-in would bring it: <c>[rows, sum]</c> of a long, absent without rows. Payload: both as 8 bytes.
/// </summary>
internal sealed class PairFeatureType : IFeatureType
{
    public string Name => "pair";

    public FeatureAggregate? Bind(FeatureBinding binding) =>
        binding.RequiredColumn("of", FieldType.Long) is { } column ? new Aggregate(column.Index) : null;

    private sealed class Aggregate(int column) : FeatureAggregate
    {
        private const int Bytes = 2 * sizeof(long);

        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.Invertible;

        public override long PayloadBytesMax => Bytes;

        public override bool Accepts(in RowView row) => !row.IsNull(column);

        public override void Apply(in RowView row, ref FeatureSlot slot) => Add(row.Sign, row.Sign * row.GetInt64(column), ref slot);

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            if (!payload.IsEmpty)
            {
                Add(Rows(payload), Sum(payload), ref into);
            }
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            long rows = 0;
            long sum = 0;
            for (int i = 0; i < slots.Count; i++)
            {
                rows += slots.Payload(i).IsEmpty ? 0 : Rows(slots.Payload(i));
                sum += slots.Payload(i).IsEmpty ? 0 : Sum(slots.Payload(i));
            }

            if (rows != 0)
            {
                value.BeginArray();
                value.Write(rows);
                value.Write(sum);
                value.EndArray();
            }
        }

        private static void Add(long rows, long sum, ref FeatureSlot slot)
        {
            if (slot.Payload.IsEmpty)
            {
                slot.ResizePayload(Bytes);
            }

            Span<byte> payload = slot.Payload;
            BinaryPrimitives.WriteInt64LittleEndian(payload, Rows(payload) + rows);
            BinaryPrimitives.WriteInt64LittleEndian(payload[sizeof(long)..], Sum(payload) + sum);
        }

        private static long Rows(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadInt64LittleEndian(payload);

        private static long Sum(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadInt64LittleEndian(payload[sizeof(long)..]);
    }
}

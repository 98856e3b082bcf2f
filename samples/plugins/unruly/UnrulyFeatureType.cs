using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace Samples.Plugins.Unruly;

/// <summary>
/// <c>custom:unruly</c>: the number of rows, by a plug-in that misbehaves when a row tells it to. The column <c>of</c> says <c>throw</c>,
/// <c>bloat</c> or <c>hang</c>; anything else is counted. It shows what a node does about it: <c>./fa demo --with-plugins</c>.
/// </summary>
public sealed class UnrulyFeatureType : IFeatureType
{
    /// <inheritdoc/>
    public string Name => "unruly";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        ArgumentNullException.ThrowIfNull(binding);
        return binding.RequiredColumn("of", FieldType.String) is { } column ? new Aggregate(column.Index) : null;
    }

    private sealed class Aggregate(int column) : FeatureAggregate
    {
        private const int BloatBytes = 1_000_000;

        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.Numeric;

        public override long PayloadBytesMax => sizeof(long);

        public override bool Accepts(in RowView row) => !row.IsNull(column);

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            // Half of its work is done when it goes wrong: the node must undo it.
            Add(1, ref slot);
            ReadOnlySpan<byte> says = row.GetUtf8(column);
            if (says.SequenceEqual("throw"u8))
            {
                throw new InvalidOperationException("a row told it to throw");
            }

            if (says.SequenceEqual("bloat"u8))
            {
                slot.ResizePayload(BloatBytes);
            }

            if (says.SequenceEqual("hang"u8))
            {
                using var never = new ManualResetEventSlim();
                never.Wait();
            }
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into) => Add(CountOf(payload), ref into);

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            ArgumentNullException.ThrowIfNull(value);
            long count = 0;
            for (int i = 0; i < slots.Count; i++)
            {
                count += CountOf(slots.Payload(i));
            }

            value.Write(count);
        }

        private static long CountOf(ReadOnlySpan<byte> payload) => payload.IsEmpty ? 0 : BinaryPrimitives.ReadInt64LittleEndian(payload);

        private static void Add(long count, ref FeatureSlot slot)
        {
            count += CountOf(slot.Payload);
            slot.ResizePayload(sizeof(long));
            BinaryPrimitives.WriteInt64LittleEndian(slot.Payload, count);
        }
    }
}

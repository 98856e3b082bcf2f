using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// <c>min</c> and <c>max</c> of a long, double, decimal or string field (strings bytewise); absent when there is no row.
/// Payload: the value, and behind a string one byte 0, so that the empty string is not mistaken for a new slot.
/// </summary>
internal sealed class ExtremeFeatureType : IFeatureType
{
    private readonly int _direction;

    private ExtremeFeatureType(string name, int direction)
    {
        Name = name;
        _direction = direction;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The type <c>min</c>.</summary>
    public static ExtremeFeatureType Min() => new("min", -1);

    /// <summary>The type <c>max</c>.</summary>
    public static ExtremeFeatureType Max() => new("max", 1);

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding) =>
        binding.RequiredColumn("of", FieldType.Long, FieldType.Double, FieldType.Decimal, FieldType.String) is { } column
            ? new Aggregate(column, _direction)
            : null;

    private sealed class Aggregate(FeatureColumn column, int direction) : FeatureAggregate
    {
        private readonly int _column = column.Index;
        private readonly FieldType _type = column.Type;
        private readonly int _endBytes = column.Type == FieldType.String ? 1 : 0;

        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FieldValue.IsNumber(_type) ? FeatureTraits.Numeric : FeatureTraits.Text;

        public override long PayloadBytesMax => FieldValue.BytesMax(_type) + _endBytes;

        public override bool Accepts(in RowView row) => !row.IsNull(_column);

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            Span<byte> scratch = stackalloc byte[FieldValue.ScratchBytes];
            Offer(FieldValue.Encode(row, _column, _type, scratch), ref slot);
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            if (!payload.IsEmpty)
            {
                Offer(MergeCopy.Of(payload[..^_endBytes]), ref into);
            }
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            ReadOnlySpan<byte> best = default;
            Find(slots, 0, slots.Count, ref best);
            Write(best, value);
        }

        public override void EvaluateNested(in SlotList slots, NestedWindows windows)
        {
            ReadOnlySpan<byte> best = default;
            for (int end = slots.Count; windows.MoveNext(); end = windows.First)
            {
                Find(slots, windows.First, end, ref best);
                Write(best, windows.Value);
            }
        }

        private void Find(in SlotList slots, int first, int end, ref ReadOnlySpan<byte> best)
        {
            for (int i = first; i < end; i++)
            {
                ReadOnlySpan<byte> payload = slots.Payload(i);
                if (!payload.IsEmpty && (best.IsEmpty || IsBetter(payload[..^_endBytes], best[..^_endBytes])))
                {
                    best = payload;
                }
            }
        }

        private void Write(ReadOnlySpan<byte> best, FeatureValueWriter value)
        {
            if (!best.IsEmpty)
            {
                FieldValue.Write(_type, best[..^_endBytes], value);
            }
        }

        private bool IsBetter(ReadOnlySpan<byte> candidate, ReadOnlySpan<byte> best) =>
            FieldValue.Compare(_type, candidate, best) * direction > 0;

        private void Offer(scoped ReadOnlySpan<byte> candidate, ref FeatureSlot slot)
        {
            Span<byte> payload = slot.Payload;
            if (!payload.IsEmpty && !IsBetter(candidate, payload[..^_endBytes]))
            {
                return;
            }

            if (payload.Length != candidate.Length + _endBytes)
            {
                slot.ResizePayload(candidate.Length + _endBytes);
                payload = slot.Payload;
            }

            candidate.CopyTo(payload);
            if (_endBytes > 0)
            {
                payload[^1] = 0;
            }
        }
    }
}

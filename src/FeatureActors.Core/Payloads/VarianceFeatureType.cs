using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// <c>variance</c> and <c>stddev</c> of a long, double or decimal field, of the population or with <c>sample = true</c> of a sample; absent
/// with fewer than one or two rows. Payload: <see cref="Moments"/>.
/// </summary>
internal sealed class VarianceFeatureType : IFeatureType
{
    private readonly bool _isRoot;

    private VarianceFeatureType(string name, bool isRoot)
    {
        Name = name;
        _isRoot = isRoot;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The type <c>variance</c>.</summary>
    public static VarianceFeatureType Variance() => new("variance", isRoot: false);

    /// <summary>The type <c>stddev</c>.</summary>
    public static VarianceFeatureType StandardDeviation() => new("stddev", isRoot: true);

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        NumberColumn? column = NumberColumn.Bind(binding, "of");
        bool isSample = binding.Flag("sample", false);
        return column is { } of ? new Aggregate(of, isSample, _isRoot) : null;
    }

    private sealed class Aggregate(NumberColumn column, bool isSample, bool isRoot) : FeatureAggregate
    {
        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.Invertible | FeatureTraits.Numeric;

        public override long PayloadBytesMax => Moments.PayloadBytesMax;

        public override string Accuracy => "within 1e-9 of the value";

        public override bool Accepts(in RowView row) => !column.IsNull(row);

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            column.Read(row, out double high, out double low);
            Moments moments = default;
            moments.Add(slot.Payload);
            moments.Add(high, low, row.Sign);
            moments.Store(ref slot);
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            Moments moments = default;
            moments.Add(into.Payload);
            moments.Add(payload);
            moments.Store(ref into);
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            Moments moments = default;
            for (int i = 0; i < slots.Count; i++)
            {
                moments.Add(slots.Payload(i));
            }

            Write(moments, value);
        }

        public override void EvaluateNested(in SlotList slots, NestedWindows windows)
        {
            Moments moments = default;
            for (int end = slots.Count; windows.MoveNext(); end = windows.First)
            {
                for (int i = windows.First; i < end; i++)
                {
                    moments.Add(slots.Payload(i));
                }

                Write(moments, windows.Value);
            }
        }

        private void Write(in Moments moments, FeatureValueWriter value)
        {
            double variance = moments.Variance(isSample);
            value.Write(isRoot ? Math.Sqrt(variance) : variance);
        }
    }
}

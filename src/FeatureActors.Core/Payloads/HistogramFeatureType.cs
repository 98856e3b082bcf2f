using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// <c>histogram</c> of a numeric field over stated bounds: how many rows are below the first, from each up to the next, and from the last
/// on, as a JSON array. Payload: <see cref="BinCounts"/>, the number of bounds at or below the value being the bin.
/// </summary>
internal sealed class HistogramFeatureType : IFeatureType
{
    private const int BoundsMax = 200;

    /// <inheritdoc/>
    public string Name => "histogram";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        NumberColumn? column = NumberColumn.Bind(binding, "of");
        IReadOnlyList<double> bounds = binding.Numbers("bounds", null, double.MinValue, double.MaxValue, BoundsMax, out _);
        for (int i = 1; i < bounds.Count; i++)
        {
            if (bounds[i] <= bounds[i - 1])
            {
                binding.Error(
                    "bounds", FormattableString.Invariant($"{bounds[i]} stands behind {bounds[i - 1]}"), "write the bounds in ascending order, each once");
                return null;
            }
        }

        return column is { } of && bounds.Count > 0 ? new Aggregate(of, new HistogramBounds(of, bounds)) : null;
    }

    private sealed class Aggregate(NumberColumn column, HistogramBounds bounds) : FeatureAggregate
    {
        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.Invertible;

        public override long PayloadBytesMax => BinCounts.PayloadBytesMax(bounds.Count);

        public override bool Accepts(in RowView row) => !column.IsNull(row);

        public override void Apply(in RowView row, ref FeatureSlot slot) =>
            BinCounts.Add(ref slot, bounds.BinOf(row), row.Sign, int.MaxValue);

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            BinCounts counts = BinCounts.Open();
            counts.Add(into.Payload);
            counts.Add(payload);
            counts.Store(ref into);
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            BinCounts counts = BinCounts.Open();
            for (int i = 0; i < slots.Count; i++)
            {
                counts.Add(slots.Payload(i));
            }

            Write(counts, value);
        }

        public override void EvaluateNested(in SlotList slots, NestedWindows windows)
        {
            BinCounts counts = BinCounts.Open();
            for (int end = slots.Count; windows.MoveNext(); end = windows.First)
            {
                for (int i = windows.First; i < end; i++)
                {
                    counts.Add(slots.Payload(i));
                }

                Write(counts, windows.Value);
            }
        }

        private void Write(BinCounts counts, FeatureValueWriter value)
        {
            if (counts.Bins.IsEmpty)
            {
                return;
            }

            value.BeginArray();
            int at = 0;
            for (int bin = 0; bin <= bounds.Count; bin++)
            {
                bool isThere = at < counts.Bins.Length && counts.Bins[at] == bin;
                value.Write(isThere ? counts.Counts[at++] : 0L);
            }

            value.EndArray();
        }
    }
}

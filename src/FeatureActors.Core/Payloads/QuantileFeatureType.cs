using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// <c>quantile</c> of a numeric field, one or several, within a relative error: rows are counted in bins whose bounds grow by a constant
/// factor (DDSketch; Masson, Rim, Lee 2019, http://arxiv.org/abs/1908.10693), positive and negative ones alike. Payload:
/// <see cref="BinCounts"/>.
/// </summary>
internal sealed class QuantileFeatureType : IFeatureType
{
    private const int QuantilesMax = 100;

    /// <inheritdoc/>
    public string Name => "quantile";

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        NumberColumn? column = NumberColumn.Bind(binding, "of");
        IReadOnlyList<double> quantiles = binding.Numbers("q", [0.5], 0, 1, QuantilesMax, out bool isList);
        double error = binding.Number("error", 0.01, 0.0001, 0.5);
        int binsMax = (int)binding.Integer("max-bins", 2048, 16, 65_536);
        return column is { } of && quantiles.Count > 0 ? new Aggregate(of, [.. quantiles], isList, error, binsMax) : null;
    }

    private sealed class Aggregate(NumberColumn column, double[] quantiles, bool isList, double error, int binsMax) : FeatureAggregate
    {
        private readonly QuantileBins _bins = new(error);

        public override byte CodecVersion => 1;

        public override FeatureTraits Traits =>
            FeatureTraits.Invertible | FeatureTraits.Approximate | (isList ? FeatureTraits.None : FeatureTraits.Numeric);

        public override long PayloadBytesMax => BinCounts.PayloadBytesMax(binsMax);

        public override string Accuracy => FormattableString.Invariant(
            $"within {error * 100:0.####} % of a value of that rank; beyond {binsMax} bins those nearest zero are joined and flagged");

        public override bool Accepts(in RowView row) => !column.IsNull(row);

        public override void Apply(in RowView row, ref FeatureSlot slot) =>
            BinCounts.Add(ref slot, _bins.BinOf(column.Read(row)), row.Sign, binsMax);

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            BinCounts counts = BinCounts.Open();
            counts.Add(into.Payload);
            counts.Add(payload);
            counts.Limit(binsMax);
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
                if (counts.IsTruncated)
                {
                    // Rows that an older slot takes back must not have joined bins: a longer window is counted anew.
                    counts = BinCounts.Open();
                    end = slots.Count;
                }

                for (int i = windows.First; i < end; i++)
                {
                    counts.Add(slots.Payload(i));
                }

                Write(counts, windows.Value);
            }
        }

        private void Write(BinCounts counts, FeatureValueWriter value)
        {
            counts.Limit(binsMax);
            long rows = 0;
            foreach (long count in counts.Counts)
            {
                rows += count;
            }

            if (rows <= 0)
            {
                return;
            }

            value.Flag(counts.IsTruncated ? ValueQuality.Approximate | ValueQuality.Truncated : ValueQuality.Approximate);
            Write(counts, rows, value);
        }

        private void Write(BinCounts counts, long rows, FeatureValueWriter value)
        {
            if (!isList)
            {
                value.Write(ValueAt(counts, quantiles[0], rows));
                return;
            }

            value.BeginArray();
            foreach (double quantile in quantiles)
            {
                value.Write(ValueAt(counts, quantile, rows));
            }

            value.EndArray();
        }

        private double ValueAt(BinCounts counts, double quantile, long rows)
        {
            long rank = (long)Math.Floor(quantile * (rows - 1));
            int i = 0;
            for (long before = counts.Counts[0]; before <= rank && i < counts.Bins.Length - 1; before += counts.Counts[i])
            {
                i++;
            }

            return _bins.ValueOf(counts.Bins[i]);
        }
    }
}

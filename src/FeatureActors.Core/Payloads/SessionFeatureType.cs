using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Payloads;

/// <summary>
/// <c>session-count</c> and <c>session-duration</c>: the rows of a window form sessions, a new one where a row comes at least
/// <c>gap</c> after the one before. Payload: <see cref="SessionSpans"/> of the slot; sessions that go on in the next slot are joined when a
/// window is evaluated.
/// </summary>
internal sealed class SessionFeatureType : IFeatureType
{
    private const long GapMinMs = 1;
    private const long GapMaxMs = 366L * 86_400_000;

    private readonly bool _isCount;

    private SessionFeatureType(string name, bool isCount)
    {
        Name = name;
        _isCount = isCount;
    }

    private enum Measure : byte
    {
        Count = 1,
        Mean = 2,
        Total = 3,
        Max = 4,
        Last = 5,
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>The type <c>session-count</c>.</summary>
    public static SessionFeatureType Count() => new("session-count", isCount: true);

    /// <summary>The type <c>session-duration</c>.</summary>
    public static SessionFeatureType Duration() => new("session-duration", isCount: false);

    /// <inheritdoc/>
    public FeatureAggregate? Bind(FeatureBinding binding)
    {
        long gapMs = binding.DurationMs("gap", null, GapMinMs, GapMaxMs);
        Measure measure = _isCount ? Measure.Count : binding.Word("by", "mean", "mean", "total", "max", "last") switch
        {
            "total" => Measure.Total,
            "max" => Measure.Max,
            "last" => Measure.Last,
            _ => Measure.Mean,
        };
        if (binding.SlotMsMax == long.MaxValue)
        {
            binding.Error("windows", $"type '{Name}' keeps the sessions of the whole window, and a lifetime has no end", "write a window such as 30d");
            return null;
        }

        return new Aggregate(measure, gapMs, binding.SlotMsMax);
    }

    private sealed class Aggregate(Measure measure, long gapMs, long slotMsMax) : FeatureAggregate
    {
        public override byte CodecVersion => 1;

        public override FeatureTraits Traits => FeatureTraits.Numeric;

        public override long PayloadBytesMax => SessionSpans.PayloadBytesMax(slotMsMax, gapMs);

        public override ReadOnlySpan<byte> EmptyValue => measure == Measure.Count ? "0"u8 : default;

        public override void Apply(in RowView row, ref FeatureSlot slot)
        {
            SessionSpans spans = SessionSpans.Open(gapMs);
            spans.Add(slot.Payload);
            if (spans.Add(row.EventTimeMs, row.EventTimeMs))
            {
                spans.Store(ref slot);
            }
        }

        public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
        {
            SessionSpans spans = SessionSpans.Open(gapMs);
            spans.Add(into.Payload);
            spans.Add(payload);
            spans.Store(ref into);
        }

        public override void Evaluate(in SlotList slots, FeatureValueWriter value)
        {
            SessionSpans spans = SessionSpans.Open(gapMs);
            for (int i = 0; i < slots.Count; i++)
            {
                spans.Add(slots.Payload(i));
            }

            if (measure == Measure.Count)
            {
                value.Write((long)spans.Count);
            }
            else if (spans.Count > 0)
            {
                Write(spans, value);
            }
        }

        private void Write(SessionSpans spans, FeatureValueWriter value)
        {
            long total = 0;
            long longest = 0;
            long duration = 0;
            for (int i = 0; i < spans.Count; i++)
            {
                duration = spans.DurationMs(i);
                total += duration;
                longest = Math.Max(longest, duration);
            }

            switch (measure)
            {
                case Measure.Total:
                    value.Write(total);
                    break;
                case Measure.Max:
                    value.Write(longest);
                    break;
                case Measure.Last:
                    value.Write(duration);
                    break;
                default:
                    value.Write((double)total / spans.Count);
                    break;
            }
        }
    }
}

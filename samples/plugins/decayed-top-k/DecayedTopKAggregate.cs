using System.Buffers;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace Samples.Plugins.DecayedTopK;

/// <summary>The arithmetic of <see cref="DecayedTopKFeatureType"/>; what the bytes mean stands at <see cref="ScoreTable"/>.</summary>
internal sealed class DecayedTopKAggregate : FeatureAggregate
{
#if SHORT_SCORES
    // Another version of the plug-in, to show an exchange on a running node: the same state, scores with three digits.
    private const int ScoreDigits = 3;
#else
    private const int ScoreDigits = 15;
#endif

    private readonly int _key;
    private readonly long _halfLifeMs;
    private readonly int _k;
    private readonly double _epsilon;
    private readonly int _keysMax;
    private readonly int _depth;

    public DecayedTopKAggregate(int key, long halfLifeMs, int k, double epsilon, int keysMax)
    {
        _key = key;
        _halfLifeMs = halfLifeMs;
        _k = k;
        _epsilon = epsilon;
        _keysMax = keysMax;

        // Deeper, even a thousand million rows are worth less than epsilon together.
        _depth = (int)Math.Ceiling(-Math.Log2(epsilon)) + 30;
    }

    public override byte CodecVersion => 1;

    public override FeatureTraits Traits => FeatureTraits.Unwindowed;

    public override long PayloadBytesMax => ScoreTable.BytesMax(_keysMax, _depth);

    public override long AgeingStepMs => Math.Max(1_000, _halfLifeMs / 8);

    public override string? Accuracy => "within 1e-9 of the score";

    public override bool Accepts(in RowView row) => !row.IsNull(_key);

    public override void Apply(in RowView row, ref FeatureSlot slot)
    {
        ReadOnlySpan<byte> key = row.GetUtf8(_key);
        if (key.Length > ScoreTable.KeyBytesMax)
        {
            throw new ArgumentException($"a sub-key has {key.Length} bytes, at most {ScoreTable.KeyBytesMax} are kept");
        }

        (long halfLife, double rest) = Split(row.EventTimeMs);
        long worth = (long)Math.Round(double.Exp2(rest) * ScoreTable.Unit);
        ScoreTable.Add(key, checked((int)halfLife), worth, _keysMax, _depth, ref slot);
    }

    public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
    {
        for (int at = ScoreTable.HeaderBytes; at < payload.Length; at += ScoreTable.EntryBytes(payload[at..]))
        {
            ReadOnlySpan<byte> cells = ScoreTable.Cells(payload[at..]);
            for (int cell = 0; cell < cells.Length; cell += ScoreTable.CellBytes)
            {
                ScoreTable.Add(
                    payload.Slice(at + 2, payload[at]), ScoreTable.HalfLifeOf(cells[cell..]), ScoreTable.SumOf(cells[cell..]), _keysMax, _depth, ref into);
            }
        }

        if (!payload.IsEmpty && payload[4] != 0 && !into.Payload.IsEmpty)
        {
            into.Payload[4] = 1;
        }
    }

    public override void Evaluate(in SlotList slots, FeatureValueWriter value)
    {
        ReadOnlySpan<byte> table = slots.Payload(0);
        var scores = ArrayPool<(double Score, int At)>.Shared.Rent(_keysMax);
        int count = Scores(table, slots.NowMs, scores);
        Span<(double Score, int At)> ranked = scores.AsSpan(0, count);

        // Entries stand in order of their keys, so their places break ties as the keys do.
        ranked.Sort(static (a, b) => a.Score != b.Score ? b.Score.CompareTo(a.Score) : a.At.CompareTo(b.At));
        if (count > 0)
        {
            value.BeginArray();
            foreach ((double score, int at) in ranked[..Math.Min(_k, count)])
            {
                value.BeginArray();
                value.WriteString(table.Slice(at + 2, table[at]));
                value.Write(Math.Round(score, ScoreDigits));
                value.EndArray();
            }

            value.EndArray();
            value.Flag(table[4] != 0 ? ValueQuality.Truncated : ValueQuality.None);
        }

        ArrayPool<(double Score, int At)>.Shared.Return(scores);
    }

    public override bool IsSpent(in SlotList slots) => Highest(slots) < _epsilon;

    public override long SpentAtMs(in SlotList slots) =>
        slots.NowMs + (long)Math.Ceiling(Math.Log2(Highest(slots) / _epsilon) * _halfLifeMs) + 1;

    // Whole half-lives and the fraction apart: together in one double, the fraction would lose digits.
    private (long HalfLife, double Fraction) Split(long timeMs)
    {
        long halfLife = Math.DivRem(timeMs, _halfLifeMs, out long rest);
        return rest < 0 ? (halfLife - 1, (double)(rest + _halfLifeMs) / _halfLifeMs) : (halfLife, (double)rest / _halfLifeMs);
    }

    private double Highest(in SlotList slots)
    {
        ReadOnlySpan<byte> table = slots.Payload(0);
        double highest = 0;
        for (int at = ScoreTable.HeaderBytes; at < table.Length; at += ScoreTable.EntryBytes(table[at..]))
        {
            highest = Math.Max(highest, ScoreOf(table[at..], slots.NowMs));
        }

        return highest;
    }

    private int Scores(ReadOnlySpan<byte> table, long nowMs, Span<(double Score, int At)> scores)
    {
        int count = 0;
        for (int at = ScoreTable.HeaderBytes; at < table.Length; at += ScoreTable.EntryBytes(table[at..]))
        {
            double score = ScoreOf(table[at..], nowMs);
            if (score >= _epsilon)
            {
                scores[count++] = (score, at);
            }
        }

        return count;
    }

    private double ScoreOf(ReadOnlySpan<byte> entry, long nowMs)
    {
        ReadOnlySpan<byte> cells = ScoreTable.Cells(entry);
        (long halfLife, double rest) = Split(nowMs);
        double score = 0;
        for (int cell = 0; cell < cells.Length; cell += ScoreTable.CellBytes)
        {
            score += ScoreTable.SumOf(cells[cell..]) * double.Exp2(ScoreTable.HalfLifeOf(cells[cell..]) - halfLife - rest);
        }

        return score / ScoreTable.Unit;
    }
}

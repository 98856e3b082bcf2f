using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Core.Windows;

/// <summary>
/// A division of all time into consecutive periods, numbered without a gap. Immutable, safe for concurrent use, equal when the texts are.
/// </summary>
public abstract class Periods : IEquatable<Periods>
{
    /// <summary>One word for names of windows, such as <c>1h</c> or <c>day</c>.</summary>
    public abstract string Word { get; }

    /// <summary>All that tells them from other periods, in one spelling, such as <c>1h</c> or <c>day Europe/Paris</c>.</summary>
    public abstract string Text { get; }

    /// <summary>Length of every period when all are equal and aligned to the Unix epoch, else <see cref="SlotWidths.Unbounded"/>.</summary>
    public abstract long UniformMs { get; }

    /// <summary>Length of the longest period in milliseconds.</summary>
    public abstract long LengthMsMax { get; }

    /// <summary>Length of the shortest period in milliseconds.</summary>
    public abstract long LengthMsMin { get; }

    /// <summary>Number of periods without any instant, wherever they are.</summary>
    public virtual int EmptyCount => 0;

    /// <summary>
    /// Greatest common divisor of all starts: slots of a width that divides it never reach over a start. <see cref="SlotWidths.Unbounded"/>
    /// when there is none.
    /// </summary>
    public abstract long DivisorMs { get; }

    /// <summary>Number of the period that contains <paramref name="timeMs"/>; it grows with time.</summary>
    public abstract long IndexOf(long timeMs);

    /// <summary>First millisecond of period <paramref name="index"/>, which is where the one before it ends.</summary>
    public abstract long StartOf(long index);

    /// <summary>First millisecond of the period that contains <paramref name="timeMs"/>.</summary>
    public virtual long CellStart(long timeMs) => StartOf(IndexOf(timeMs));

    /// <summary>True when every start of <paramref name="other"/> is one of these, as far as is known.</summary>
    public virtual bool Refines(Periods other) => Equals(other);

    /// <inheritdoc/>
    public bool Equals(Periods? other) => other is not null && Text == other.Text;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Periods);

    /// <inheritdoc/>
    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);
}

/// <summary>Periods of one length, aligned to the Unix epoch; with <see cref="SlotWidths.Unbounded"/> one period that is all time.</summary>
/// <param name="lengthMs">Length in milliseconds, positive.</param>
public sealed class UniformPeriods(long lengthMs) : Periods
{
    /// <inheritdoc/>
    public override string Word => Text;

    /// <inheritdoc/>
    public override string Text => lengthMs == SlotWidths.Unbounded ? "all" : ConfigDuration.Format(lengthMs);

    /// <inheritdoc/>
    public override long UniformMs => lengthMs;

    /// <inheritdoc/>
    public override long LengthMsMax => lengthMs;

    /// <inheritdoc/>
    public override long LengthMsMin => lengthMs;

    /// <inheritdoc/>
    public override long DivisorMs => lengthMs;

    /// <inheritdoc/>
    public override long IndexOf(long timeMs) =>
        lengthMs == SlotWidths.Unbounded ? 0 : SlotWidths.Floor(timeMs, lengthMs) / lengthMs;

    /// <inheritdoc/>
    public override long StartOf(long index) => lengthMs == SlotWidths.Unbounded ? SlotWidths.UnboundedStart : index * lengthMs;

    /// <inheritdoc/>
    public override long CellStart(long timeMs) =>
        lengthMs == SlotWidths.Unbounded ? SlotWidths.UnboundedStart : SlotWidths.Floor(timeMs, lengthMs);
}

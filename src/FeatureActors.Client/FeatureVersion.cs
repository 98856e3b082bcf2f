using System.Buffers.Text;
using System.Globalization;

namespace FeatureActors.Client;

/// <summary>Version of a row, <c>_v</c>. Of two rows of a key the one with the higher version is newer.</summary>
/// <param name="NextOffset">First offset of the shard log that is not included.</param>
/// <param name="ClockMs">Time of the evaluation, Unix milliseconds.</param>
public readonly record struct FeatureVersion(long NextOffset, long ClockMs) : IComparable<FeatureVersion>
{
    /// <summary>Compares as a pair, <see cref="NextOffset"/> first.</summary>
    public int CompareTo(FeatureVersion other) =>
        NextOffset != other.NextOffset ? NextOffset.CompareTo(other.NextOffset) : ClockMs.CompareTo(other.ClockMs);

    /// <summary>True when <paramref name="left"/> is older.</summary>
    public static bool operator <(FeatureVersion left, FeatureVersion right) => left.CompareTo(right) < 0;

    /// <summary>True when <paramref name="left"/> is newer.</summary>
    public static bool operator >(FeatureVersion left, FeatureVersion right) => left.CompareTo(right) > 0;

    /// <summary>True when <paramref name="left"/> is not newer.</summary>
    public static bool operator <=(FeatureVersion left, FeatureVersion right) => left.CompareTo(right) <= 0;

    /// <summary>True when <paramref name="left"/> is not older.</summary>
    public static bool operator >=(FeatureVersion left, FeatureVersion right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{NextOffset}-{ClockMs}");

    internal static bool TryParse(ReadOnlySpan<byte> text, out FeatureVersion version)
    {
        version = default;
        if (!Utf8Parser.TryParse(text, out long nextOffset, out int used)
            || used >= text.Length || text[used] != (byte)'-'
            || !Utf8Parser.TryParse(text[(used + 1)..], out long clockMs, out int rest)
            || used + 1 + rest != text.Length)
        {
            return false;
        }

        version = new FeatureVersion(nextOffset, clockMs);
        return true;
    }
}

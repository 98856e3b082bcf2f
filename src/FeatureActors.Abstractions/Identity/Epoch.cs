namespace FeatureActors.Abstractions.Identity;

/// <summary>Fencing number granted with a shard. Raised at each acquire; a store refuses a write that carries a lower one.</summary>
/// <param name="Value">1 for the first owner; 0 means never owned.</param>
public readonly record struct Epoch(long Value) : IComparable<Epoch>
{
    /// <inheritdoc/>
    public int CompareTo(Epoch other) => Value.CompareTo(other.Value);

    /// <summary>True when <paramref name="left"/> was granted before <paramref name="right"/>.</summary>
    public static bool operator <(Epoch left, Epoch right) => left.Value < right.Value;

    /// <summary>True when <paramref name="left"/> was granted after <paramref name="right"/>.</summary>
    public static bool operator >(Epoch left, Epoch right) => left.Value > right.Value;

    /// <summary>True when <paramref name="left"/> was not granted after <paramref name="right"/>.</summary>
    public static bool operator <=(Epoch left, Epoch right) => left.Value <= right.Value;

    /// <summary>True when <paramref name="left"/> was not granted before <paramref name="right"/>.</summary>
    public static bool operator >=(Epoch left, Epoch right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public override string ToString() => Value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

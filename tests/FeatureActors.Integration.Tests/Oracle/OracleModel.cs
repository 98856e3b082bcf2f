namespace FeatureActors.Integration.Tests.Oracle;

/// <summary>The types of features the oracle knows, by what the definition language calls them.</summary>
internal enum OracleType
{
    Count,
    Sum,
    Avg,
    Min,
    Max,
    First,
    Last,
    Latest,
    Ratio,
    CountMap,
    SumMap,
    TopKByCount,
    TopKBySum,
}

/// <summary>A window as the formulas want it: size W, slot r, offset O.</summary>
/// <param name="Name">As in the field's name.</param>
/// <param name="SizeMs">W; null for everything since the key's life began.</param>
/// <param name="SlotMs">r; without meaning for a lifetime.</param>
/// <param name="OffsetMs">O.</param>
internal sealed record OracleWindow(string Name, long? SizeMs, long SlotMs, long OffsetMs)
{
    // The slot widths a window may get by itself: the coarsest not above max(W / 60, 1 s).
    private static readonly long[] SlotWidthsMs =
    [
        1_000, 5_000, 15_000, 60_000, 300_000, 900_000, 3_600_000, 3 * 3_600_000, 6 * 3_600_000, 24 * 3_600_000,
    ];

    /// <summary>A sliding window of this many minutes.</summary>
    internal static OracleWindow Minutes(string name, long minutes, long? slotMinutes = null, long offsetMinutes = 0)
    {
        long sizeMs = minutes * 60_000;
        long bound = Math.Max(sizeMs / 60, 1_000);
        return new(name, sizeMs, (slotMinutes * 60_000) ?? SlotWidthsMs.Last(r => r <= bound), offsetMinutes * 60_000);
    }

    internal static OracleWindow Lifetime(string name = "lifetime") => new(name, null, 1, 0);

    internal OracleWindow Coarser() => this with { SlotMs = SlotWidthsMs.FirstOrDefault(r => r > SlotMs, 2 * SlotMs) };

    internal OracleWindow Finer() => this with { SlotMs = SlotWidthsMs.LastOrDefault(r => r < SlotMs, SlotMs / 2) };
}

/// <summary>One feature, as the SQL needs it.</summary>
internal sealed record OracleFeature(OracleType Type, string Name, params OracleWindow[] Windows)
{
    /// <summary>Column whose values are taken.</summary>
    internal string? Of { get; init; }

    /// <summary>Column of the sub-keys.</summary>
    internal string? Key { get; init; }

    /// <summary>SQL condition on a row.</summary>
    internal string? Where { get; init; }

    /// <summary>Length of a list, or k.</summary>
    internal int N { get; init; } = 1;

    internal bool Distinct { get; init; }

    /// <summary>Top-k: the smallest first.</summary>
    internal bool Bottom { get; init; }

    internal string? Numerator { get; init; }

    internal string? Denominator { get; init; }
}

/// <summary>The features of one key.</summary>
/// <param name="Name">As in the output.</param>
/// <param name="Key">Columns of the key; more than one make a composite.</param>
/// <param name="Features">In any order.</param>
internal sealed record OracleGroup(string Name, string[] Key, params OracleFeature[] Features)
{
    /// <summary>SQL condition on a row.</summary>
    internal string? Where { get; init; }

    /// <summary>
    /// Quiet time that ends a key's life, with the slot of a window of that size; null: the last exit of its slots does.
    /// Where nobody states it, a group with `latest` has its longest window here.
    /// </summary>
    internal OracleWindow? IdleExpiry { get; init; }

    internal OracleFeature Feature(string name) => Features.Single(f => f.Name == name);
}

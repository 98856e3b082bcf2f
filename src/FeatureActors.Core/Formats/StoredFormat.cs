namespace FeatureActors.Core.Formats;

/// <summary>
/// Version of what nodes leave for each other, log batches and entity blocks: one number for both, in a byte that never moves (the third
/// of a batch, the first of a block). A release reads all from <see cref="Oldest"/> to <see cref="Newest"/> and writes
/// <see cref="Default"/>, which the release before reads, until it is told to write a newer one. docs/adr/0007 says how a cluster gets there.
/// </summary>
public static class StoredFormat
{
    /// <summary>Oldest that is read.</summary>
    public const byte Oldest = 1;

    /// <summary>Newest that is read, and that can be written.</summary>
#if FORMAT_PREVIEW
    public const byte Newest = 2;
#else
    public const byte Newest = 1;
#endif

    /// <summary>What is written unless something else is set.</summary>
    public const byte Default = 1;

    /// <summary>True for what this release reads and can write.</summary>
    public static bool IsKnown(int format) => format is >= Oldest and <= Newest;

    /// <summary>What a reader says about a format that it does not know.</summary>
    internal static string UnknownText(string what, byte format) =>
        $"{what} has format {format}, this release reads {(Oldest == Newest ? "only" : $"{Oldest} to")} {Newest}: run the newer release";
}

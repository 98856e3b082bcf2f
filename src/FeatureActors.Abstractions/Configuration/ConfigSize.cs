namespace FeatureActors.Abstractions.Configuration;

/// <summary>
/// Sizes in bytes as HOCON writes them: a number, optional spaces, a unit. A number without a unit is bytes.
/// Powers of ten: <c>kB MB GB TB PB EB</c>; powers of two: <c>KiB MiB GiB TiB PiB EiB</c>, also <c>K</c>, <c>k</c>, <c>Ki</c> and so on;
/// long forms (<c>megabytes</c>, <c>mebibyte</c>). <c>KB</c> is refused, as in HOCON: its two meanings are too easily mixed up.
/// </summary>
public static class ConfigSize
{
    /// <summary>What a size looks like, for error messages.</summary>
    public const string Example = "a size such as 512, 64KiB, 10MB or 1GiB";

    /// <summary>Reads <paramref name="text"/> as a whole number of bytes from 0 upward.</summary>
    /// <returns>False when the text is no size, is negative, is not a whole number of bytes or does not fit.</returns>
    public static bool TryParse(string? text, out long bytes)
    {
        if (NumberWithUnit.TrySplit(text, out decimal number, out ReadOnlySpan<char> unit)
            && BytesOf(unit) is decimal factor
            && NumberWithUnit.TryMultiply(number, factor, out decimal product)
            && product is >= 0 and <= long.MaxValue
            && product == decimal.Truncate(product))
        {
            bytes = (long)product;
            return true;
        }

        bytes = 0;
        return false;
    }

    private static decimal? BytesOf(ReadOnlySpan<char> unit) => unit switch
    {
        "" or "B" or "b" or "byte" or "bytes" => 1m,
        "kB" or "kilobyte" or "kilobytes" => 1_000m,
        "MB" or "megabyte" or "megabytes" => 1_000_000m,
        "GB" or "gigabyte" or "gigabytes" => 1_000_000_000m,
        "TB" or "terabyte" or "terabytes" => 1_000_000_000_000m,
        "PB" or "petabyte" or "petabytes" => 1_000_000_000_000_000m,
        "EB" or "exabyte" or "exabytes" => 1_000_000_000_000_000_000m,
        "K" or "k" or "Ki" or "KiB" or "kibibyte" or "kibibytes" => 1L << 10,
        "M" or "m" or "Mi" or "MiB" or "mebibyte" or "mebibytes" => 1L << 20,
        "G" or "g" or "Gi" or "GiB" or "gibibyte" or "gibibytes" => 1L << 30,
        "T" or "t" or "Ti" or "TiB" or "tebibyte" or "tebibytes" => 1L << 40,
        "P" or "p" or "Pi" or "PiB" or "pebibyte" or "pebibytes" => 1L << 50,
        "E" or "e" or "Ei" or "EiB" or "exbibyte" or "exbibytes" => 1L << 60,
        _ => null,
    };
}

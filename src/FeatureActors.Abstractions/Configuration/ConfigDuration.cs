using System.Globalization;

namespace FeatureActors.Abstractions.Configuration;

/// <summary>
/// Durations as HOCON writes them: a number, optional spaces, a unit. A number without a unit is milliseconds.
/// Units: <c>ns us ms s m h d</c> and their long forms (<c>seconds</c>, <c>minute</c>, …), lower case only.
/// Nothing is rounded: what the wanted precision cannot hold is refused.
/// </summary>
public static class ConfigDuration
{
    /// <summary>What a duration looks like, for error messages.</summary>
    public const string Example = "a duration such as 200ms, 10s, 15m, 1h or 7d";

    private const decimal TicksPerMs = TimeSpan.TicksPerMillisecond;

    /// <summary>Reads <paramref name="text"/> as a duration of whole 100 ns ticks; it may be negative.</summary>
    /// <returns>False when the text is no duration, is finer than 100 ns or does not fit.</returns>
    public static bool TryParse(string? text, out TimeSpan duration)
    {
        if (TryParseTicks(text, out decimal ticks) && IsWholeLong(ticks))
        {
            duration = TimeSpan.FromTicks((long)ticks);
            return true;
        }

        duration = default;
        return false;
    }

    /// <summary>Reads <paramref name="text"/> as a duration of whole milliseconds; it may be negative.</summary>
    /// <returns>False when the text is no duration, is finer than 1 ms or does not fit.</returns>
    public static bool TryParseMs(string? text, out long ms)
    {
        if (TryParseTicks(text, out decimal ticks) && IsWholeLong(ticks / TicksPerMs))
        {
            ms = (long)(ticks / TicksPerMs);
            return true;
        }

        ms = 0;
        return false;
    }

    /// <summary>
    /// The shortest text that <see cref="TryParseMs"/> reads back as <paramref name="ms"/>: the largest unit that divides it,
    /// such as <c>90m</c> for 5,400,000. It is the canonical name of a window.
    /// </summary>
    public static string Format(long ms)
    {
        ReadOnlySpan<(long Ms, string Unit)> units =
            [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
        foreach ((long unitMs, string unit) in units)
        {
            if (ms != 0 && ms % unitMs == 0)
            {
                return string.Create(CultureInfo.InvariantCulture, $"{ms / unitMs}{unit}");
            }
        }

        return string.Create(CultureInfo.InvariantCulture, $"{ms}ms");
    }

    private static bool TryParseTicks(string? text, out decimal ticks)
    {
        ticks = 0;
        return NumberWithUnit.TrySplit(text, out decimal number, out ReadOnlySpan<char> unit)
            && TicksOf(unit) is decimal factor
            && NumberWithUnit.TryMultiply(number, factor, out ticks);
    }

    private static decimal? TicksOf(ReadOnlySpan<char> unit) => unit switch
    {
        "" or "ms" or "milli" or "millis" or "millisecond" or "milliseconds" => TicksPerMs,
        "ns" or "nano" or "nanos" or "nanosecond" or "nanoseconds" => 0.01m,
        "us" or "micro" or "micros" or "microsecond" or "microseconds" => 10m,
        "s" or "second" or "seconds" => TimeSpan.TicksPerSecond,
        "m" or "minute" or "minutes" => TimeSpan.TicksPerMinute,
        "h" or "hour" or "hours" => TimeSpan.TicksPerHour,
        "d" or "day" or "days" => TimeSpan.TicksPerDay,
        _ => null,
    };

    private static bool IsWholeLong(decimal value) =>
        value == decimal.Truncate(value) && value is >= long.MinValue and <= long.MaxValue;
}

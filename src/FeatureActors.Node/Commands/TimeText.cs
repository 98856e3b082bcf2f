using System.Globalization;

namespace FeatureActors.Node.Commands;

/// <summary>Times on the command line: epoch milliseconds or ISO 8601.</summary>
internal static class TimeText
{
    private static readonly string[] Forms =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mmK", "yyyy-MM-dd",
    ];

    /// <summary>Unix milliseconds; a time without zone is UTC, one without time of day midnight.</summary>
    /// <exception cref="UsageException">The text is neither.</exception>
    public static long Parse(string text, string option) => TryParse(text, out long ms)
        ? ms
        : throw new UsageException($"{option}: '{text}' is no time; write epoch milliseconds such as 1291191960000, or ISO 8601 such as 2010-12-01T08:26:00Z");

    /// <summary>As <see cref="Parse"/>; false when the text is no time.</summary>
    public static bool TryParse(string text, out long ms)
    {
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out ms))
        {
            return ms >= DateTimeOffset.MinValue.ToUnixTimeMilliseconds() && ms <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();
        }

        const DateTimeStyles utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        bool isTime = DateTimeOffset.TryParseExact(text, Forms, CultureInfo.InvariantCulture, utc, out DateTimeOffset time);
        ms = isTime ? time.ToUnixTimeMilliseconds() : 0;
        return isTime;
    }

    /// <summary>The times of an option that may be repeated and may hold several times joined by commas; ascending, each once.</summary>
    public static IReadOnlyList<long> ParseAll(IEnumerable<string> texts, string option) =>
        [.. texts.SelectMany(static t => t.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Select(t => Parse(t, option)).Distinct().Order()];
}

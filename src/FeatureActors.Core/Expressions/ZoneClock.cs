using FeatureActors.Core.Decoding;

namespace FeatureActors.Core.Expressions;

/// <summary>Conversion between Unix milliseconds and the wall time of one zone, without allocating.</summary>
internal sealed class ZoneClock
{
    private readonly TimeZoneInfo? _zone;

    private ZoneClock(TimeZoneInfo? zone) => _zone = zone;

    public static ZoneClock Utc { get; } = new(null);

    /// <summary>The clock of a zone by its IANA name, or null when there is none of that name.</summary>
    public static ZoneClock? Find(string name) => name is "UTC" or "Z" ? Utc
        : TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? zone) ? new ZoneClock(zone) : null;

    /// <summary>Wall time at <paramref name="unixMs"/>; false outside the years 0001 to 9999.</summary>
    public bool TryToLocal(long unixMs, out DateTime local)
    {
        local = default;
        if (unixMs is < IsoTime.MillisecondsMin or > IsoTime.MillisecondsMax)
        {
            return false;
        }

        var utc = new DateTime(DateTime.UnixEpoch.Ticks + (unixMs * TimeSpan.TicksPerMillisecond), DateTimeKind.Utc);
        long ticks = utc.Ticks + OffsetAt(utc).Ticks;
        if (ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks)
        {
            return false;
        }

        local = new DateTime(ticks);
        return true;
    }

    /// <summary>
    /// The first moment at which the wall shows <paramref name="local"/>. When clocks skip it: the moment reached with the offset that
    /// held before, which is the change itself when the gap begins at <paramref name="local"/>.
    /// </summary>
    public long ToUnixMs(DateTime local)
    {
        TimeSpan before = OffsetAt(Clamped(local.Ticks - TimeSpan.TicksPerDay));
        TimeSpan after = OffsetAt(Clamped(local.Ticks + TimeSpan.TicksPerDay));
        long early = local.Ticks - before.Ticks;
        long late = local.Ticks - after.Ticks;
        bool isEarlyReal = OffsetAt(Clamped(early)) == before;
        bool isLateReal = OffsetAt(Clamped(late)) == after;
        long ticks = isEarlyReal && isLateReal ? Math.Min(early, late) : isLateReal ? late : early;
        return (ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMillisecond;
    }

    private static DateTime Clamped(long ticks) =>
        new(Math.Clamp(ticks, DateTime.MinValue.Ticks, DateTime.MaxValue.Ticks), DateTimeKind.Utc);

    private TimeSpan OffsetAt(DateTime utc) => _zone is null ? TimeSpan.Zero : _zone.GetUtcOffset(utc);
}

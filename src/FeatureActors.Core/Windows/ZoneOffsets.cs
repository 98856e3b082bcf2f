using System.Buffers.Binary;
using System.Text;

namespace FeatureActors.Core.Windows;

/// <summary>
/// Offsets of a time zone from UTC: from the compiled file of the IANA database where the machine has one (RFC 8536, with the
/// rule for times behind its table), else from <see cref="TimeZoneInfo"/>, which cuts offsets to minutes and does not
/// know rules at hours beyond 24, as those of Chile and Israel after 2037.
/// </summary>
internal sealed class ZoneOffsets
{
    private const int HeaderBytes = 44;

    private static readonly string[] Folders = ["/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"];

    private readonly TimeZoneInfo? _zone;
    private readonly long[] _changes = [];
    private readonly int[] _offsets = [];
    private readonly PosixZoneRule? _rule;

    private ZoneOffsets(TimeZoneInfo zone) => _zone = zone;

    private ZoneOffsets(long[] changes, int[] offsets, PosixZoneRule? rule)
    {
        _changes = changes;
        _offsets = offsets;
        _rule = rule;
    }

    /// <summary>The offsets of <paramref name="zone"/>.</summary>
    public static ZoneOffsets Of(TimeZoneInfo zone)
    {
        foreach (string? folder in Folders.Prepend(Environment.GetEnvironmentVariable("TZDIR")))
        {
            string file = Path.Combine(folder ?? "", zone.Id);
            if (folder is { Length: > 0 } && !zone.Id.Contains("..", StringComparison.Ordinal) && File.Exists(file)
                && TryRead(File.ReadAllBytes(file)) is { } read)
            {
                return read;
            }
        }

        return new ZoneOffsets(zone);
    }

    /// <summary>Local time less UTC at <paramref name="timeMs"/>, in milliseconds.</summary>
    public long At(long timeMs)
    {
        if (_zone is not null)
        {
            return _zone.GetUtcOffset(DateTime.UnixEpoch.AddTicks(timeMs * TimeSpan.TicksPerMillisecond)).Ticks / TimeSpan.TicksPerMillisecond;
        }

        long seconds = SlotWidths.Floor(timeMs, 1_000) / 1_000;
        int next = Array.BinarySearch(_changes, seconds);
        next = next < 0 ? ~next : next + 1;
        int offset = next == _changes.Length && _rule is not null ? _rule.OffsetAt(seconds) : _offsets[next];
        return offset * 1_000L;
    }

    /// <summary>The second part of a file, with 64-bit times; null when the file is none of that kind.</summary>
    internal static ZoneOffsets? TryRead(ReadOnlySpan<byte> file)
    {
        if (file.Length < HeaderBytes || !file[..4].SequenceEqual("TZif"u8) || file[4] < (byte)'2')
        {
            return null;
        }

        file = file[BlockBytes(file, 4)..];
        if (file.Length < HeaderBytes || BlockBytes(file, 8) > file.Length)
        {
            return null;
        }

        int changes = Count(file, 32);
        int types = Count(file, 36);
        ReadOnlySpan<byte> times = file[HeaderBytes..];
        ReadOnlySpan<byte> kinds = times[(changes * 8)..];
        ReadOnlySpan<byte> records = kinds[changes..];
        if (types == 0)
        {
            return null;
        }

        // Before the first change the first kind of local time holds.
        var changesAt = new long[changes];
        var offsets = new int[changes + 1];
        offsets[0] = BinaryPrimitives.ReadInt32BigEndian(records);
        for (int i = 0; i < changes; i++)
        {
            changesAt[i] = BinaryPrimitives.ReadInt64BigEndian(times[(i * 8)..]);
            offsets[i + 1] = BinaryPrimitives.ReadInt32BigEndian(records[(kinds[i] * 6)..]);
        }

        string footer = Encoding.ASCII.GetString(file[BlockBytes(file, 8)..]).Trim('\n');
        return new ZoneOffsets(changesAt, offsets, PosixZoneRule.TryParse(footer));
    }

    private static int Count(ReadOnlySpan<byte> header, int at) => BinaryPrimitives.ReadInt32BigEndian(header[at..]);

    private static int BlockBytes(ReadOnlySpan<byte> file, int timeBytes) =>
        HeaderBytes + (Count(file, 32) * (timeBytes + 1)) + (Count(file, 36) * 6) + Count(file, 40)
        + (Count(file, 28) * (timeBytes + 4)) + Count(file, 24) + Count(file, 20);
}

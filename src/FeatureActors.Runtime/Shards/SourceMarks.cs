using System.Buffers.Binary;
using System.Text;

namespace FeatureActors.Runtime.Shards;

/// <summary>What a shard has taken from one partition of one source.</summary>
internal sealed class SourceMark
{
    public required int Lane { get; init; }

    public required string Source { get; init; }

    public required int Partition { get; init; }

    /// <summary>Every row of events at or below this offset is applied; −1 for none.</summary>
    public long Offset { get; set; } = -1;

    /// <summary>Largest event time of the partition, or its end; <see cref="long.MinValue"/> when unknown.</summary>
    public long ClockMs { get; set; } = long.MinValue;

    /// <summary>Partitions of the source.</summary>
    public int Partitions { get; set; }

    /// <summary>True when the partition has ended.</summary>
    public bool IsEnded { get; set; }

    /// <summary>Newest definitions of a node that wrote rows of the partition; those of nodes with older ones are not taken behind it.</summary>
    public long NodeVersion { get; set; }
}

/// <summary>
/// The source marks of a shard: rows at or below a mark are repetitions and dropped. Stored with every checkpoint
/// (format 1: u8 format, u16 count, each: lane i32, partition i32, partitions i32, offset i64, clock i64, ended u8, source length u8, source; behind them,
/// which an older release passes over, each mark's node version i32).
/// </summary>
internal sealed class SourceMarks
{
    private const byte Format = 1;

    private readonly List<SourceMark> _marks = [];

    public IReadOnlyList<SourceMark> All => _marks;

    public SourceMark Get(int lane, string source, int partition)
    {
        foreach (SourceMark mark in _marks)
        {
            if (mark.Lane == lane && mark.Partition == partition && string.Equals(mark.Source, source, StringComparison.Ordinal))
            {
                return mark;
            }
        }

        var added = new SourceMark { Lane = lane, Source = source, Partition = partition };
        _marks.Add(added);
        return added;
    }

    /// <summary>
    /// Event-time clock: the minimum over all partitions of all <paramref name="sources"/>; <see cref="long.MinValue"/> until each was heard.
    /// </summary>
    public long EventClock(IReadOnlyList<string> sources)
    {
        long clock = long.MaxValue;
        foreach (string source in sources)
        {
            int lane = 0;
            int heard = 0;
            int partitions = -1;
            long sourceClock = long.MaxValue;
            foreach (SourceMark mark in _marks)
            {
                if (!string.Equals(mark.Source, source, StringComparison.Ordinal) || mark.ClockMs == long.MinValue)
                {
                    continue;
                }

                if (mark.Lane > lane)
                {
                    (lane, heard, sourceClock) = (mark.Lane, 0, long.MaxValue);
                }

                if (mark.Lane == lane)
                {
                    heard++;
                    partitions = mark.Partitions;
                    sourceClock = Math.Min(sourceClock, mark.ClockMs);
                }
            }

            if (heard == 0 || heard < partitions)
            {
                return long.MinValue;
            }

            clock = Math.Min(clock, sourceClock);
        }

        return clock;
    }

    /// <summary>True when every partition of every source has ended.</summary>
    public bool HasEnded(IReadOnlyList<string> sources) => sources.All(source =>
    {
        List<SourceMark> marks = [.. _marks.Where(m => string.Equals(m.Source, source, StringComparison.Ordinal))];
        int lane = marks.Count == 0 ? 0 : marks.Max(static m => m.Lane);
        List<SourceMark> current = [.. marks.Where(m => m.Lane == lane)];
        return current.Count > 0 && current.Count >= current[0].Partitions && current.All(static m => m.IsEnded);
    });

    public byte[] Save()
    {
        byte[] bytes = new byte[3 + _marks.Sum(static m => 34 + Encoding.UTF8.GetByteCount(m.Source))];
        bytes[0] = Format;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(1), (ushort)_marks.Count);
        int at = 3;
        foreach (SourceMark mark in _marks)
        {
            Span<byte> b = bytes.AsSpan(at);
            BinaryPrimitives.WriteInt32LittleEndian(b, mark.Lane);
            BinaryPrimitives.WriteInt32LittleEndian(b[4..], mark.Partition);
            BinaryPrimitives.WriteInt32LittleEndian(b[8..], mark.Partitions);
            BinaryPrimitives.WriteInt64LittleEndian(b[12..], mark.Offset);
            BinaryPrimitives.WriteInt64LittleEndian(b[20..], mark.ClockMs);
            b[28] = mark.IsEnded ? (byte)1 : (byte)0;
            b[29] = (byte)Encoding.UTF8.GetBytes(mark.Source, b[30..]);
            at += 30 + b[29];
        }

        foreach (SourceMark mark in _marks)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(at), (int)mark.NodeVersion);
            at += 4;
        }

        return bytes;
    }

    public void Load(ReadOnlySpan<byte> bytes)
    {
        _marks.Clear();
        if (bytes.IsEmpty)
        {
            return;
        }

        if (bytes[0] != Format)
        {
            throw new Core.Slots.StateFormatException($"source marks have format {bytes[0]}, this release reads up to {Format}: run the newer release");
        }

        int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes[1..]);
        ReadOnlySpan<byte> b = bytes[3..];
        for (int i = 0; i < count; i++)
        {
            _marks.Add(new SourceMark
            {
                Lane = BinaryPrimitives.ReadInt32LittleEndian(b),
                Partition = BinaryPrimitives.ReadInt32LittleEndian(b[4..]),
                Partitions = BinaryPrimitives.ReadInt32LittleEndian(b[8..]),
                Offset = BinaryPrimitives.ReadInt64LittleEndian(b[12..]),
                ClockMs = BinaryPrimitives.ReadInt64LittleEndian(b[20..]),
                IsEnded = b[28] != 0,
                Source = Encoding.UTF8.GetString(b.Slice(30, b[29])),
            });
            b = b[(30 + b[29])..];
        }

        for (int i = 0; i < count && b.Length >= 4; i++)
        {
            _marks[i].NodeVersion = BinaryPrimitives.ReadInt32LittleEndian(b);
            b = b[4..];
        }
    }
}

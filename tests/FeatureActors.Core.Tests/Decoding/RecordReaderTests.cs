using System.Text;
using FeatureActors.Core.Decoding;
using Xunit.Abstractions;

namespace FeatureActors.Core.Tests.Decoding;

public sealed class RecordReaderTests(ITestOutputHelper output)
{
    [Fact]
    public void Lines_are_split_and_counted_and_empty_ones_passed_over() => Assert.Equal(
        ["1@0:a", "2@2:b", "5@8:c\"d"],
        Read("a\nb\r\n\n\r\nc\"d", RecordFraming.Lines));

    [Fact]
    public void Line_end_inside_quotes_belongs_to_the_record() => Assert.Equal(
        ["1@0:h,i", "2@4:\"a\n\"\"b\r\n\",1", "5@16:c\"d,2", "6@23:e,\"\"", "7@28:f"],
        Read("h,i\n\"a\n\"\"b\r\n\",1\nc\"d,2\r\ne,\"\"\nf\n", RecordFraming.Csv));

    [Fact]
    public void Record_beyond_the_bound_is_cut_and_the_next_one_is_whole()
    {
        string longOne = new('x', 200_000);
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes($"a\n{longOne}\nb\n12345\n123456\r\n"));
        var reader = new RecordReader(stream, RecordFraming.Lines, recordBytesMax: 5);
        var read = new List<(long Line, long Offset, string Text, bool IsTooLong, long Next)>();
        while (reader.Read())
        {
            read.Add((reader.Line, reader.Offset, Encoding.UTF8.GetString(reader.Record.Span), reader.IsTooLong, reader.NextOffset));
        }

        Assert.Equal(
            [
                (1, 0, "a", false, 2), (2, 2, "xxxxxx", true, 200_003), (3, 200_003, "b", false, 200_005),
                (4, 200_005, "12345", false, 200_011), (5, 200_011, "123456", true, 200_019),
            ],
            read);
    }

    [Fact]
    public async Task Any_way_of_cutting_the_stream_gives_the_same_records()
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        for (int round = 0; round < 300; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => "ab,\"\n\r"[random.Next(6)]));
            RecordFraming framing = random.Next(2) == 0 ? RecordFraming.Lines : RecordFraming.Csv;
            using var stream = new DribblingStream(Encoding.UTF8.GetBytes(text), random);
            var reader = new RecordReader(stream, framing, 1000);
            var records = new List<string>();
            while (await reader.ReadAsync(CancellationToken.None))
            {
                records.Add($"{reader.Line}@{reader.Offset}:{Encoding.UTF8.GetString(reader.Record.Span)}");
            }

            Assert.Equal(Read(text, framing), records);
        }
    }

    [Fact]
    public void Reading_allocates_nothing_per_record()
    {
        byte[] bytes = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("\"a\n\",12345\n", 20_000)));
        using var stream = new MemoryStream(bytes);
        var reader = new RecordReader(stream, RecordFraming.Csv, 1000);
        for (int i = 0; i < 10_000; i++)
        {
            Assert.True(reader.Read());
        }

        int count = 0;
        long allocated = AllocationProbe.Least(() =>
        {
            for (int i = 0; i < 2_000 && reader.Read(); i++)
            {
                count++;
            }
        });
        Assert.Equal(0, allocated);
        Assert.True(count >= 2_000);
    }

    private static List<string> Read(string text, RecordFraming framing)
    {
        using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
        var reader = new RecordReader(stream, framing, 1000);
        var records = new List<string>();
        while (reader.Read())
        {
            records.Add($"{reader.Line}@{reader.Offset}:{Encoding.UTF8.GetString(reader.Record.Span)}");
        }

        return records;
    }

    /// <summary>Hands out one to three bytes at a time.</summary>
    private sealed class DribblingStream(byte[] bytes, Random random) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, random.Next(1, 4))]);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Read(buffer.Span));
    }
}

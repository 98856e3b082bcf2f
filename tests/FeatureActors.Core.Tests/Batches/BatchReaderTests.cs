using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;

namespace FeatureActors.Core.Tests.Batches;

public sealed class BatchReaderTests
{
    private const long Base = 1_760_000_000_000;
    private static readonly RowColumn[] NoColumns = [];
    private static readonly RowColumn[] OneColumn = [new RowColumn(7, 0, FieldType.Long)];

    [Fact]
    public void Heads_are_read_as_they_were_written_however_many_bytes_their_numbers_take()
    {
        int seed = Random.Shared.Next();
        var random = new Random(seed);
        for (int batch = 0; batch < 300; batch++)
        {
            // Batches of small numbers alone, and of all sizes mixed.
            AssertSame(RowsOf(random, batch % 3), batch % 2 == 0 ? NoColumns : OneColumn, seed);
        }
    }

    private static List<Row> RowsOf(Random random, int kind)
    {
        var rows = new List<Row>();
        long offset = random.Next(1000);
        int count = random.Next(1, 300);
        for (int i = 0; i < count; i++)
        {
            bool isPlain = kind == 0 || (kind == 1 && random.Next(4) > 0);
            offset += isPlain ? random.Next(3) : Long(random, 20);
            rows.Add(new Row(
                offset,
                isPlain ? random.Next(3) : random.Next(400),
                random.Next(2) == 0 ? 1 : -1,
                isPlain ? Base - random.Next(100_000) : random.NextInt64(-Base, 4 * Base),
                Base + (isPlain ? random.Next(-20, 20) : random.NextInt64(-1_000_000, 1_000_000)),
                isPlain ? (ulong)random.Next(1, 128) : (ulong)Long(random, 62),
                random.Next(isPlain ? 8 : 2) == 0 ? (ulong)random.NextInt64(1, long.MaxValue) : 0,
                Key(random, isPlain ? random.Next(20) : random.Next(300))));
        }

        return rows;
    }

    private static void AssertSame(List<Row> rows, RowColumn[] columns, int seed)
    {
        var writer = new BatchWriter();
        writer.Begin("s", rows[0].Offset, Base, columns);
        var cells = new RowCell[1];
        foreach (Row row in rows)
        {
            cells[0] = new RowCell { IsPresent = row.Ordinal % 2 == 0, Bits = row.EventMs };
            writer.Add(row.Offset, row.Ordinal, row.Groups, row.Id, row.Key, new RowView(cells, [], row.EventMs, row.IngestMs, row.Sign), columns);
        }

        var reader = new BatchReader([[7]]);
        reader.Open(writer.Complete(new BatchHeader(1, 0, "s", 0, 1, rows[0].Offset, rows[^1].Offset, Base, false, Base)).ToArray());
        Assert.Equal(rows.Count, reader.Count);
        int position = reader.FirstRow;
        foreach (Row row in rows)
        {
            RowHead head = reader.ReadHead(position);
            var read = new Row(head.Offset, head.Ordinal, head.Sign, head.EventTimeMs, head.IngestTimeMs, head.Groups, head.EventIdHash, reader.KeyOf(head).ToArray());
            Assert.True(row.IsSame(read), $"seed {seed}: {row} was read as {read}");
            RowView view = reader.ReadColumns(head);
            Assert.Equal(columns.Length == 0 || row.Ordinal % 2 != 0, view.IsNull(0));
            position = head.End;
        }
    }

    private static long Long(Random random, int bits) => random.NextInt64(1L << random.Next(1, bits));

    private static byte[] Key(Random random, int length)
    {
        byte[] key = new byte[length];
        random.NextBytes(key);
        return key;
    }

    private sealed record Row(long Offset, int Ordinal, int Sign, long EventMs, long IngestMs, ulong Groups, ulong Id, byte[] Key)
    {
        public bool IsSame(Row other) => Key.AsSpan().SequenceEqual(other.Key) && this with { Key = other.Key } == other;
    }
}

using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Sharding;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Runtime.Tests.Shards;

public sealed class KeyedRowsTests
{
    [Fact]
    public void Rows_are_gathered_by_keys_of_every_length_that_differ_in_one_byte_or_in_length_alone()
    {
        // First and last words of long keys are the same; zeros at the end of short ones are part of the key.
        var keys = new List<byte[]>();
        for (int length = 0; length <= 40; length++)
        {
            byte[] zeros = new byte[length];
            keys.Add(zeros);
            for (int place = 0; place < length; place++)
            {
                byte[] key = [.. zeros];
                key[place] = 1;
                keys.Add(key);
            }
        }

        int seed = Random.Shared.Next();
        var random = new Random(seed);
        int[] rows = [.. Enumerable.Range(0, keys.Count * 3).Select(i => i % keys.Count)];
        random.Shuffle(rows);
        KeyedRows read = Read([.. rows.Select(row => keys[row])], out BatchReader reader);
        Assert.Equal(keys.Count, read.KeyCount);
        foreach (ref readonly SoughtKey key in read.Keys)
        {
            byte[] bytes = reader.Bytes.Slice(key.Start, key.Length).ToArray();
            Assert.Equal(StableHash.Of(bytes), key.Hash);
            Assert.Equal((3, -1), (key.Run.Count, key.FirstEarlier));
            int row = key.Run.FirstRow;
            int sought = row;
            for (int i = 1; i < 3; i++)
            {
                row = read.Next(row);
                sought = read.NextOfKey(sought);
                Assert.Equal(row, sought);
                Assert.True(bytes.AsSpan().SequenceEqual(keys[rows[row]]), $"seed {seed}: row {row}");
            }

            Assert.Equal(key.Run.LastRow, row);
        }
    }

    private static KeyedRows Read(List<byte[]> keys, out BatchReader reader)
    {
        var writer = new BatchWriter();
        RowColumn[] columns = [];
        writer.Begin("s", 0, 0, columns);
        for (int i = 0; i < keys.Count; i++)
        {
            writer.Add(i, 0, 1, 0, keys[i], new RowView([], [], 0, 0, 1), columns);
        }

        reader = new BatchReader([]);
        reader.Open(writer.Complete(new BatchHeader(1, 0, "s", 0, 1, 0, keys.Count - 1, 0, false, 0)).ToArray());
        var rows = new KeyedRows(reader);
        rows.Read(-1, null);
        return rows;
    }
}

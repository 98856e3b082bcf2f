using System.Text;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;

namespace FeatureActors.Redis.Tests;

public sealed class RedisHashPackerTests
{
    [Fact]
    public void A_field_given_twice_in_one_key_is_refused_and_in_two_keys_is_not()
    {
        var packer = new RedisHashPacker();
        PublishBatch batch = Batch("a", "b", "a");

        var error = Assert.Throws<ArgumentException>(() => packer.PackListpack(batch, Item(0, 3)));
        Assert.Contains("holds the field a twice", error.Message, StringComparison.Ordinal);
        packer.PackListpack(batch, Item(0, 2));
        packer.PackListpack(batch, Item(1, 2));
    }

    [Fact]
    public void A_key_is_packed_alike_whatever_list_holds_its_fields()
    {
        PublishBatch array = Batch("a", "b", "c");
        byte[] expected = new RedisHashPacker().PackListpack(array, Item(1, 2));

        PublishBatch list = array with { Fields = array.Fields.ToList() };
        Assert.Equal(expected, new RedisHashPacker().PackListpack(list, Item(1, 2)));
        PublishBatch other = array with { Fields = array.Fields.ToList().AsReadOnly() };
        Assert.Equal(expected, new RedisHashPacker().PackListpack(other, Item(1, 2)));
    }

    [Fact]
    public void A_repetition_is_found_also_behind_a_key_with_the_same_names()
    {
        var packer = new RedisHashPacker();
        PublishBatch batch = Batch("a", "b");
        packer.PackListpack(batch, Item(0, 2));
        packer.PackListpack(batch, Item(0, 2));

        PublishBatch repeated = batch with { Fields = [batch.Fields[0], batch.Fields[0]] };
        Assert.Throws<ArgumentException>(() => packer.PackListpack(repeated, Item(0, 2)));
        Assert.Throws<ArgumentException>(() => packer.PackListpack(repeated, Item(0, 2)));
    }

    [Fact]
    public void Names_that_begin_and_end_alike_are_told_apart()
    {
        string[] names = [.. Enumerable.Range(0, 3_000).Select(i => $"feature_{i:0000}_of_shop:1h")];
        new RedisHashPacker().PackListpack(Batch(names), Item(0, names.Length));

        names[2_999] = names[5];
        Assert.Throws<ArgumentException>(() => new RedisHashPacker().PackListpack(Batch(names), Item(0, names.Length)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(32_001)]
    public void A_key_without_fields_or_with_too_many_is_refused(int count)
    {
        PublishBatch batch = Batch([.. Enumerable.Range(0, count).Select(i => $"f{i}")]);
        Assert.Throws<ArgumentException>(() => new RedisHashPacker().PackListpack(batch, Item(0, count)));
        Assert.Throws<ArgumentException>(() => new RedisHashPacker().PackFields(batch, Item(0, count)));
    }

    [Fact]
    public void After_warm_up_packing_allocates_only_the_argument()
    {
        var packer = new RedisHashPacker();
        PublishBatch batch = Batch([.. Enumerable.Range(0, 32).Select(i => $"feature_{i}:1h")]);
        PublishItem item = Item(0, 32);
        int length = packer.PackListpack(batch, item).Length;

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            packer.PackListpack(batch, item);
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 100, length, length + 32);
    }

    private static PublishItem Item(int start, int count) => new(PublishKind.Write, "k"u8.ToArray(), 0, start, count);

    private static PublishBatch Batch(params string[] names) => new(
        new ShardId("item", 0), new Epoch(1), 1, default, [], names.Select(name => new PublishField(Encoding.UTF8.GetBytes(name), "1"u8.ToArray())).ToArray());
}

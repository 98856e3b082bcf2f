using FeatureActors.Core.Slots;

namespace FeatureActors.Contracts.Tests.Formats;

/// <summary>Every byte format that was ever written is read, and means what it meant.</summary>
public sealed class GoldenFormatTests
{
    public static TheoryData<int> Generations { get; } = [.. Generation.Numbers];

    [Fact]
    public void What_is_written_today_is_the_newest_generation()
    {
        Generation newest = Generation.Open(Generation.Numbers[^1]);
        byte[] batch = newest.PackBatch();
        byte[] block = newest.Apply(batch);
        if (Environment.GetEnvironmentVariable("FA_GOLDEN") == "write")
        {
            newest.Write(batch, block, newest.Evaluate(block));
        }

        Assert.Equal(Convert.ToHexString(newest.Batch), Convert.ToHexString(batch));
        Assert.Equal(Convert.ToHexString(newest.Block), Convert.ToHexString(block));
        Assert.Equal(newest.Values, newest.Evaluate(block));
    }

    [Theory]
    [MemberData(nameof(Generations))]
    public void Batches_of_every_generation_are_read_to_the_same_values(int number)
    {
        Generation generation = Generation.Open(number);

        Assert.Equal(generation.Values, generation.Evaluate(generation.Apply(generation.Batch)));
    }

    [Theory]
    [MemberData(nameof(Generations))]
    public void Blocks_of_every_generation_are_read_to_the_same_values_also_after_they_were_written_again(int number)
    {
        Generation generation = Generation.Open(number);

        Assert.Equal(generation.Values, generation.Evaluate(generation.Block));
        Assert.Equal(generation.Values, generation.Evaluate(generation.Rewrite(generation.Block)));
    }

    [Fact]
    public void Block_of_an_unknown_newer_format_is_refused_with_what_to_do()
    {
        Generation newest = Generation.Open(Generation.Numbers[^1]);
        byte[] block = newest.Block;
        block[0] = 200;

        Assert.Contains("run the newer release", Assert.Throws<StateFormatException>(() => newest.Evaluate(Sealed(block))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Batch_of_an_unknown_newer_format_is_refused_with_what_to_do()
    {
        Generation newest = Generation.Open(Generation.Numbers[^1]);
        byte[] batch = newest.Batch;
        batch[2] = 200;

        Assert.Contains("run the newer release", Assert.Throws<StateFormatException>(() => newest.Apply(batch)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_bytes_are_refused_as_damaged()
    {
        Generation newest = Generation.Open(Generation.Numbers[^1]);
        byte[] block = newest.Block;
        block[^10] ^= 1;
        byte[] batch = newest.Batch;
        batch[^10] ^= 1;

        Assert.Contains("damaged", Assert.Throws<StateFormatException>(() => newest.Evaluate(block)).Message, StringComparison.Ordinal);
        Assert.Contains("damaged", Assert.Throws<StateFormatException>(() => newest.Apply(batch)).Message, StringComparison.Ordinal);
    }

    private static byte[] Sealed(byte[] block)
    {
        BitConverter.TryWriteBytes(block.AsSpan(block.Length - 4), Checksum.Of(block.AsSpan(0, block.Length - 4)));
        return block;
    }
}

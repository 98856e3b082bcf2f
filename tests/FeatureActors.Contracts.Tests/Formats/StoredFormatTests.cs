using System.Text;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Formats;
using FeatureActors.Core.Slots;

namespace FeatureActors.Contracts.Tests.Formats;

/// <summary>
/// Formats that this build knows, each read from bytes that it wrote, and what it does with the one behind. <c>./fa test</c> runs these
/// twice: as released, and as the test build of one format more (docs/adr/0007).
/// </summary>
public sealed class StoredFormatTests
{
    private const string Folder = "tests/FeatureActors.Contracts.Tests/Formats/Preview";
    private const byte Preview = 2;

    private readonly Generation _newest = Generation.Open(Generation.Numbers[^1]);

    public static TheoryData<byte, byte> Pairs
    {
        get
        {
            var pairs = new TheoryData<byte, byte>();
            for (byte from = StoredFormat.Oldest; from <= StoredFormat.Newest; from++)
            {
                for (byte to = StoredFormat.Oldest; to <= StoredFormat.Newest; to++)
                {
                    pairs.Add(from, to);
                }
            }

            return pairs;
        }
    }

    private static bool KnowsPreview => StoredFormat.IsKnown(Preview);

    [Theory]
    [MemberData(nameof(Pairs))]
    public void What_one_format_wrote_means_the_same_after_it_was_written_in_another(byte from, byte to)
    {
        byte[] batch = _newest.PackBatch(from);
        byte[] block = _newest.Rewrite(_newest.Apply(batch), from);
        byte[] rewritten = _newest.Rewrite(block, to);

        Assert.Equal(from, batch[2]);
        Assert.Equal(from, block[0]);
        Assert.Equal(to, rewritten[0]);
        Assert.Equal(_newest.Values, _newest.Evaluate(rewritten));
        Assert.Equal(Convert.ToHexString(_newest.Block), Convert.ToHexString(_newest.Rewrite(rewritten)));
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_store_finds_key_and_due_time_in_every_format(byte from, byte to)
    {
        byte[] one = _newest.Rewrite(_newest.Block, from, 1_234);
        byte[] other = _newest.Rewrite(one, to);

        EntityBlock.FindRow(one, out int start, out int length, out long due);
        EntityBlock.FindRow(other, out int otherStart, out int otherLength, out long otherDue);

        Assert.Equal("k", Encoding.UTF8.GetString(one.AsSpan(start, length)));
        Assert.Equal("k", Encoding.UTF8.GetString(other.AsSpan(otherStart, otherLength)));
        Assert.Equal(1_234, due);
        Assert.Equal(1_234, otherDue);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Damage_in_any_format_is_refused_as_damage(byte from, byte to)
    {
        byte[] batch = _newest.PackBatch(from);
        byte[] block = _newest.Rewrite(_newest.Block, to);
        batch[^10] ^= 1;
        block[^10] ^= 1;

        Assert.Contains("damaged", Assert.Throws<StateFormatException>(() => _newest.Apply(batch)).Message, StringComparison.Ordinal);
        Assert.Contains("damaged", Assert.Throws<StateFormatException>(() => _newest.Evaluate(block)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_newer_release_wrote_is_refused_by_its_format_and_read_where_that_is_known()
    {
        byte[] batch = Read("batch.hex", static newest => newest.PackBatch(Preview));
        byte[] block = Read("block.hex", static newest => newest.Rewrite(newest.Block, Preview));
        if (KnowsPreview)
        {
            Assert.Equal(_newest.Values, _newest.Evaluate(_newest.Apply(batch)));
            Assert.Equal(_newest.Values, _newest.Evaluate(block));
            return;
        }

        Assert.Equal(
            "a batch has format 2, this release reads only 1: run the newer release", Assert.Throws<StateFormatException>(() => _newest.Apply(batch)).Message);
        Assert.Equal(
            "an entity block has format 2, this release reads only 1: run the newer release", Assert.Throws<StateFormatException>(() => _newest.Evaluate(block)).Message);
    }

    [Fact]
    public void Nothing_is_written_in_a_format_that_the_release_does_not_know()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new BatchWriter(StoredFormat.Newest + 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => _newest.Rewrite(_newest.Block, StoredFormat.Newest + 1));
        Assert.Equal(1, StoredFormat.Default);
    }

    /// <summary>Bytes of the test build, kept as text; FA_GOLDEN=write makes it write them anew.</summary>
    private byte[] Read(string file, Func<Generation, byte[]> write)
    {
        string path = Path.Combine(Repository.Root, Folder, file);
        if (KnowsPreview && Environment.GetEnvironmentVariable("FA_GOLDEN") == "write")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, Generation.Lines(write(_newest)));
        }

        return Convert.FromHexString(File.ReadAllText(path).ReplaceLineEndings(""));
    }
}

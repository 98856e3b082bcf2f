using FeatureActors.Core.Sharding;

namespace FeatureActors.Core.Tests.Sharding;

public sealed class KeyWordsTests
{
    [Fact]
    public void Keys_of_one_length_up_to_two_words_have_the_same_words_only_when_every_byte_is_the_same()
    {
        for (int length = 0; length <= KeyWords.WholeMax; length++)
        {
            // Other bytes around the key must not show.
            byte[] bytes = [.. Enumerable.Range(1, length + 20).Select(static i => (byte)i)];
            KeyWords words = KeyWords.Of(bytes, 3, length);
            Assert.Equal(words, KeyWords.Of(bytes.AsSpan(3, length).ToArray(), 0, length));
            for (int place = 3; place < length + 3; place++)
            {
                bytes[place] ^= 0x80;
                Assert.NotEqual(words, KeyWords.Of(bytes, 3, length));
                Assert.NotEqual(words.Mixed, KeyWords.Of(bytes, 3, length).Mixed);
                bytes[place] ^= 0x80;
            }
        }
    }

    [Fact]
    public void Keys_that_differ_in_the_last_digits_are_spread_over_all_of_an_index()
    {
        // A sixteenth of an index of 4,096 places holds about a sixteenth of the keys.
        int[] places = [.. Enumerable.Range(0, 2_000).Select(static i => PlaceOf($"i{i:D7}"))];
        int[] addresses = [.. Enumerable.Range(0, 2_000).Select(static i => PlaceOf($"https://example.org/items/{i}/details.html"))];
        foreach (int[] set in new[] { places, addresses })
        {
            Assert.All(set.GroupBy(static p => p >> 8), static part => Assert.InRange(part.Count(), 60, 200));
            Assert.InRange(set.Distinct().Count(), 1_400, 1_800);
        }
    }

    private static int PlaceOf(string key)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(key);
        return (int)(KeyWords.Of(bytes, 0, bytes.Length).Mixed >> 52);
    }
}

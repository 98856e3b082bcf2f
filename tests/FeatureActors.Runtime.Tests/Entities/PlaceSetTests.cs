using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Tests.Entities;

public sealed class PlaceSetTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_set_is_read_in_the_order_of_places(int seed)
    {
        var random = new Random(seed);
        var set = new PlaceSet();
        var model = new SortedSet<int>();
        for (int step = 0; step < 5000; step++)
        {
            int place = random.Next(random.Next(1, 10_000));
            if (model.Add(place))
            {
                set.Add(place);
            }
            else
            {
                model.Remove(place);
                set.Remove(place);
            }
        }

        var read = new List<int>();
        for (int place = set.Next(0); place >= 0; place = set.Next(place + 1))
        {
            read.Add(place);
        }

        Assert.True(model.SequenceEqual(read), $"seed {seed}");
        Assert.Equal(model.Count, set.Count);
        Assert.Equal(-1, set.Next(1 << 20));
    }
}

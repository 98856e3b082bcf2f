using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Tests.Payloads;

public sealed class FeatureValueWriterTests
{
    [Fact]
    public void A_double_is_written_as_the_shortest_text_that_reads_back()
    {
        var random = new Random(11);
        var writer = new FeatureValueWriter();
        double[] edges =
        [
            0.01, -0.01, 0.1, 0.29, 0.005, 1.005, 1e-5, 99.99, 100.1, -12.5, 4.35, 0.07, 9_999_999_999_999.99, 10_000_000_000_000.25,
            1e15 + 0.5, 1e22, -1e300, double.Epsilon, double.MaxValue, 0.1 + 0.2, 1.0 / 3, -0.0,
        ];
        IEnumerable<double> many = Enumerable.Range(0, 50_000).Select(i => (i % 4) switch
        {
            0 => random.NextInt64(-1_000_000, 1_000_000) / 100.0,
            1 => random.NextInt64(-10_000_000_000_000_00, 10_000_000_000_000_00) / 100.0,
            2 => Math.BitIncrement(random.NextInt64(1, 1_000_000_000) / 100.0),
            _ => (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-8, 16)),
        });
        foreach (double value in edges.Concat(many))
        {
            writer.Clear();
            writer.Write(value);
            string expected = value == Math.Truncate(value) && Math.Abs(value) < 1e15
                ? ((long)value).ToString(CultureInfo.InvariantCulture)
                : value.ToString("R", CultureInfo.InvariantCulture);
            Assert.Equal(expected, Encoding.UTF8.GetString(writer.Value));
        }
    }
}

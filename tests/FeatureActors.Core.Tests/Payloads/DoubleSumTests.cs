using System.Globalization;
using System.Numerics;
using System.Text;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Windows;
using FeatureActors.TestKit.Features;

namespace FeatureActors.Core.Tests.Payloads;

/// <summary>Sums of doubles are the exact sum, rounded once.</summary>
public sealed class DoubleSumTests
{
    // Every finite double is a whole number of these.
    private const int UnitExponent = -1074;

    private static SlotTimeline Timeline { get; } = new([SlidingWindow.Of("w", 10_000, 1_000)]);

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    [InlineData(900)]
    public void Sums_of_numbers_of_any_magnitude_are_exact_in_any_order_and_leave_nothing_when_retracted(int exponents)
    {
        for (int seed = 1; seed <= 30; seed++)
        {
            var random = new Random(seed);
            SampleRow[] rows = [.. Enumerable.Range(0, 1 + (seed * 3)).Select(_ => Row(random.Next(10_000), NewDouble(random, exponents)))];
            double expected = ToDouble(rows.Aggregate(BigInteger.Zero, static (sum, row) => sum + Units((double)row.Values[0]!)));
            var driver = new AggregateDriver(Sum, Timeline);
            random.Shuffle(rows);
            foreach (SampleRow row in rows)
            {
                driver.Apply(row);
            }

            Assert.True(
                expected.Equals(double.Parse(driver.Evaluate(0, 9_999)!, CultureInfo.InvariantCulture)),
                $"seed {seed}: expected {expected:R}, got {driver.Evaluate(0, 9_999)} for {string.Join(' ', rows.AsEnumerable())}");
            random.Shuffle(rows);
            foreach (SampleRow row in rows)
            {
                driver.Apply(row.Retracted());
            }

            Assert.Equal("0", driver.Evaluate(0, 9_999));
        }
    }

    [Theory]
    [InlineData("1e16 1 1e-16", "10000000000000002")]
    [InlineData("1e308 -1e308 5e-324", "5E-324")]
    [InlineData("1e100 1 -1e100 -1", "0")]
    [InlineData("0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1 0.1", "1")]
    [InlineData("9007199254740992 1 1e-300", "9007199254740994")]
    [InlineData("9007199254740992 1 -1e-300", "9007199254740992")]
    public void What_a_plain_sum_would_round_away_decides_the_last_digit(string numbers, string expected)
    {
        var driver = new AggregateDriver(Sum, Timeline);
        foreach (string number in numbers.Split(' '))
        {
            driver.Apply(Row(0, double.Parse(number, CultureInfo.InvariantCulture)));
        }

        Assert.Equal(double.Parse(expected, CultureInfo.InvariantCulture), double.Parse(driver.Evaluate(0, 0)!, CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Ordinary_amounts_take_sixteen_bytes_a_slot()
    {
        var random = new Random(1);
        var driver = new AggregateDriver(Sum, Timeline);
        for (int i = 0; i < 100_000; i++)
        {
            driver.Apply(Row(0, Math.Round(random.NextDouble() * 1000, 2)));
        }

        Assert.InRange(driver.PayloadBytes, 8, 16);
    }

    // Written by the release that kept sums in two doubles (codec version 1).
    [Theory]
    [InlineData("sum", "EEFF3326F56B0C4300000000000080BC", "", "999999999999997.8")]
    [InlineData("sum", "0000000000000000", "", "0")]
    [InlineData("sum", "000000000000F8FF", "", null)]
    [InlineData("avg", "0105EEFF3326F56B0C4300000000000080BC", "", "199999999999999.56")]
    [InlineData("avg", "01040000000000000000", "", "0")]
    [InlineData(
        "sum-map",
        "11100102030206003426F56B0C43949999999999A93F66666666666608C0000000000000A8BC",
        "0200000000000000020000000200000000000000735B281700000000010800001F0F51AA01000000010800006162",
        """{"a":1000000000000000.8,"b":-3.05}""")]
    [InlineData(
        "sum-map",
        "11080102020200000000000000000000000000000000",
        "0200000000000000020000000200000000000000735B281700000000010800001F0F51AA01000000010800006162",
        """{"a":0,"b":0}""")]
    [InlineData("sum-map", "11080102000000000000F8FF", "0100000000000000010000000100000000000000735B2817000000000108000061", null)]
    [InlineData(
        "top-k",
        "11100102030206003426F56B0C43949999999999A93F66666666666608C0000000000000A8BC",
        "0200000000000000020000000200000000000000735B281700000000010800001F0F51AA01000000010800006162",
        """[["a",1000000000000000.8],["b",-3.05]]""")]
    public void State_of_codec_version_1_is_read_to_the_values_it_meant_and_goes_on(string type, string payload, string shared, string? expected)
    {
        FeatureAggregate aggregate = type switch
        {
            "sum-map" => FeatureCase.Bind(type, ("of", "real"), ("key", "who")),
            "top-k" => FeatureCase.Bind(type, ("of", "real"), ("key", "who"), ("by", "sum"), ("k", 5)),
            _ => FeatureCase.Bind(type, ("of", "real")),
        };
        Assert.Equal(2, aggregate.CodecVersion);
        var storage = new ArraySlotStorage();
        storage.OpenShared(Convert.FromHexString(shared));
        storage.Open(0, Convert.FromHexString(payload));
        var slot = new FeatureSlot(storage);
        Assert.True(aggregate.TryUpgrade(1, ref slot));
        Assert.Equal(expected, ValueOf(aggregate, storage));

        // 1e-300 needs a third partial; taken away again, the value is what it was.
        var row = new SampleRow(0, null, null, 1e-300, null, null, "a");
        aggregate.Apply(row.View, ref slot);
        aggregate.Apply(row.Retracted().View, ref slot);
        Assert.Equal(expected, ValueOf(aggregate, storage));
    }

    private static FeatureAggregate Sum { get; } =
        new SampleBinding().Column("x", FeatureActors.Abstractions.Rows.FieldType.Double).Set("of", "x")
            .Bind(FeatureActors.Core.Payloads.BuiltInFeatureTypes.All.Single(static t => t.Name == "sum"));

    private static SampleRow Row(long timeMs, double value) => new(timeMs, value);

    private static string? ValueOf(FeatureAggregate aggregate, ArraySlotStorage storage)
    {
        var value = new FeatureValueWriter();
        aggregate.Evaluate(new SlotList([new SlotReference(0, 0, storage.Payload.Length)], storage.Payload, storage.Shared, 0), value);
        return value.Kind == FeatureValueKind.Absent ? null : Encoding.UTF8.GetString(value.Value);
    }

    private static double NewDouble(Random random, int exponents) =>
        Math.ScaleB((random.NextDouble() - 0.5) * 2, random.Next(-exponents, exponents)) is var x && random.Next(4) == 0 ? Math.Round(x, 2) : x;

    private static BigInteger Units(double value)
    {
        long bits = BitConverter.DoubleToInt64Bits(value);
        int exponent = (int)(bits >> 52 & 0x7FF);
        BigInteger fraction = bits & 0xF_FFFF_FFFF_FFFF;
        BigInteger units = exponent == 0 ? fraction : (fraction + (1L << 52)) << (exponent - 1);
        return bits < 0 ? -units : units;
    }

    /// <summary>The double nearest to a number of units, ties to even.</summary>
    private static double ToDouble(BigInteger units)
    {
        BigInteger magnitude = BigInteger.Abs(units);
        int shift = Math.Max(0, (int)magnitude.GetBitLength() - 53);
        BigInteger kept = magnitude >> shift;
        BigInteger rest = magnitude - (kept << shift);
        BigInteger half = shift == 0 ? 1 : BigInteger.One << (shift - 1);
        if (shift > 0 && (rest > half || (rest == half && !kept.IsEven)))
        {
            kept++;
        }

        return Math.ScaleB((double)kept * Math.Sign((int)units.Sign), shift + UnitExponent);
    }
}

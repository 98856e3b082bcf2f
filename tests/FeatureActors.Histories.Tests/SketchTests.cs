using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using FeatureActors.Histories.Tests.Driving;
using FeatureActors.Histories.Tests.Generation;
using FeatureActors.Histories.Tests.Model;
using Xunit.Abstractions;

namespace FeatureActors.Histories.Tests;

/// <summary>Sketches stay within the error that they declare: on a year of real invoices, on skewed keys, on keys chosen to hurt.</summary>
public sealed class SketchTests(ITestOutputHelper output)
{
    private const long Day = 86_400_000;
    private const int CapOfDistinct = 100;

    // docs/definitions.md: what is new beyond max-keys is estimated with this standard error.
    private const double ErrorPastCap = 0.023;

    private static readonly double[] Quantiles = [0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1];
    private static readonly Lazy<HistoryRow[]> OnlineRetail = new(ReadOnlineRetail);

    public static TheoryData<string> Values => ["lognormal", "zipf", "powers", "signs", "equal", "near zero", "steps"];

    public static TheoryData<string> Keys => ["counting", "high bits", "one bit", "long prefix", "zipf"];

    [Fact]
    public void Quantiles_of_a_year_of_invoices_stay_within_their_error_in_every_month()
    {
        WindowSpec window = WindowForms.Sliding(30 * Day, null, 0);
        foreach (double error in new[] { 0.01, 0.05 })
        {
            FeatureSpec quantile = new() { Name = "f", Type = "quantile", Of = Column.D, Quantiles = Quantiles, IsQuantileList = true, Error = error, Windows = [window] };
            double worst = 0;
            foreach ((double[] got, IReadOnlyList<TakenRow> rows) in ByMonth(quantile, window, Numbers))
            {
                worst = Math.Max(worst, WorstError(got, [.. rows.Select(static r => r.Row.D!.Value).Order()]));
            }

            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"declared {error}: worst {worst:0.00000}"));
            Assert.InRange(worst, 0, error * (1 + 1e-9));
        }
    }

    [Theory]
    [InlineData(10)]
    [InlineData(12)]
    [InlineData(14)]
    public void Distinct_items_and_customers_of_a_year_of_invoices_stay_within_four_standard_errors_in_every_month(int precision)
    {
        WindowSpec window = WindowForms.Sliding(30 * Day, null, 0);
        double declared = 1.04 / Math.Sqrt(1 << precision);
        foreach (Column of in new[] { Column.C, Column.U })
        {
            FeatureSpec distinct = new() { Name = "f", Type = "distinct-approx", Of = of, Precision = precision, Windows = [window] };
            var errors = new List<double>();
            foreach ((double[] got, IReadOnlyList<TakenRow> rows) in ByMonth(distinct, window, static text => [double.Parse(text, CultureInfo.InvariantCulture)]))
            {
                int exact = rows.Select(r => of.Get(r.Row)).Where(static v => v is not null).Distinct().Count();
                errors.Add((got[0] - exact) / exact);
            }

            double squares = Math.Sqrt(errors.Average(static e => e * e));
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{of.Text}: declared {declared:0.0000}, root mean square {squares:0.0000}, worst {errors.Max(Math.Abs):0.0000}"));
            Assert.All(errors, e => Assert.InRange(Math.Abs(e), 0, 4 * declared));
        }
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void Quantiles_of_values_chosen_to_hurt_stay_within_their_error(string values)
    {
        var random = new Random(17);
        double[] chosen = [.. Enumerable.Range(0, 20_000).Select(i => Value(values, random, i))];
        FeatureSpec quantile = new() { Name = "f", Type = "quantile", Of = Column.D, Quantiles = Quantiles, IsQuantileList = true, Windows = [WindowForms.Lifetime()] };
        EngineUnderTest engine = Engine(quantile);
        Feed(engine, chosen.Select(static (x, i) => new HistoryRow { Id = i, StatedMs = Day + i, ArrivalMs = Day + i, D = x }));
        PublishedValue got = engine.Evaluate(2 * Day)[0];
        double worst = WorstError(Numbers(got.Text!), [.. chosen.Order()]);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{values}: worst {worst:0.00000}"));
        Assert.Equal(Marks.Approximate, got.Marks);
        Assert.InRange(worst, 0, 0.01 * (1 + 1e-9));
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void Distinct_keys_chosen_to_hurt_stay_within_their_error(string keys)
    {
        const int Precision = 12;
        double declared = 1.04 / Math.Sqrt(1 << Precision);
        var errors = new List<double>();
        for (int set = 0; set < 12; set++)
        {
            foreach (int count in new[] { 10, 100, 1_000, 5_000, 20_000 })
            {
                var random = new Random(set);
                string[] chosen = [.. Enumerable.Range(0, count).Select(i => KeyText(keys, random, set, i))];
                int exact = chosen.Distinct().Count();
                FeatureSpec distinct = new() { Name = "f", Type = "distinct-approx", Of = Column.C, Precision = Precision, Windows = [WindowForms.Lifetime()] };
                EngineUnderTest engine = Engine(distinct);
                Feed(engine, chosen.Select(static (x, i) => new HistoryRow { Id = i, StatedMs = Day + i, ArrivalMs = Day + i, C = x }));
                double got = double.Parse(engine.Evaluate(2 * Day)[0].Text!, CultureInfo.InvariantCulture);
                errors.Add((got - exact) / exact);
                Assert.InRange(Math.Abs(got - exact), 0, Math.Max(2, 5 * declared * exact));
            }
        }

        double squares = Math.Sqrt(errors.Average(static e => e * e));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{keys}: declared {declared:0.0000}, root mean square {squares:0.0000}, worst {errors.Max(Math.Abs):0.0000}"));
        Assert.InRange(squares, 0, 1.3 * declared);
    }

    [Fact]
    public void Distinct_values_of_a_year_of_invoices_past_the_cap_stay_within_four_standard_errors_in_every_month()
    {
        WindowSpec window = WindowForms.Sliding(30 * Day, null, 0);
        foreach (Column of in new[] { Column.C, Column.U })
        {
            FeatureSpec distinct = new() { Name = "f", Type = "distinct", Of = of, MaxKeys = CapOfDistinct, Windows = [window] };
            double worst = 0;
            foreach ((double[] got, IReadOnlyList<TakenRow> rows) in ByMonth(distinct, window, static text => [double.Parse(text, CultureInfo.InvariantCulture)]))
            {
                int exact = rows.Select(r => of.Get(r.Row)).Where(static v => v is not null).Distinct().Count();
                worst = Math.Max(worst, Math.Abs(got[0] - exact) / exact);
            }

            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{of.Text}: worst {worst:0.0000}"));
            Assert.InRange(worst, 0, 4 * ErrorPastCap);
        }
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void Distinct_keys_chosen_to_hurt_are_exact_up_to_the_cap_and_within_the_error_past_it(string keys)
    {
        var errors = new List<double>();
        for (int set = 0; set < 12; set++)
        {
            foreach (int count in new[] { 10, CapOfDistinct, 1_000, 5_000, 20_000 })
            {
                var random = new Random(set);
                string[] chosen = [.. Enumerable.Range(0, count).Select(i => KeyText(keys, random, set, i))];
                int exact = chosen.Distinct().Count();
                FeatureSpec distinct = new() { Name = "f", Type = "distinct", Of = Column.C, MaxKeys = CapOfDistinct, Windows = [WindowForms.Lifetime()] };
                EngineUnderTest engine = Engine(distinct);
                Feed(engine, chosen.Select(static (x, i) => new HistoryRow { Id = i, StatedMs = Day + i, ArrivalMs = Day + i, C = x }));
                PublishedValue value = engine.Evaluate(2 * Day)[0];
                double got = double.Parse(value.Text!, CultureInfo.InvariantCulture);
                Assert.Equal(exact > CapOfDistinct ? Marks.Approximate : Marks.None, value.Marks);
                int unknown = Math.Max(0, exact - CapOfDistinct);
                Assert.InRange(Math.Abs(got - exact), 0, unknown == 0 ? 0 : Math.Max(2, 5 * ErrorPastCap * unknown));
                if (unknown > 0)
                {
                    errors.Add((got - exact) / unknown);
                }
            }
        }

        double squares = Math.Sqrt(errors.Average(static e => e * e));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{keys}: declared {ErrorPastCap:0.0000}, root mean square {squares:0.0000}, worst {errors.Max(Math.Abs):0.0000}"));
        Assert.InRange(squares, 0, 1.3 * ErrorPastCap);
    }

    private static double Value(string values, Random random, int i) => values switch
    {
        "lognormal" => Math.Exp(Normal(random) * 3),
        "zipf" => Math.Floor(Math.Pow(1 - random.NextDouble(), -1)),
        "powers" => Math.Pow(10, random.Next(-3, 7)) * (1 + (random.NextDouble() * 1e-9)),
        "signs" => (random.Next(2) == 0 ? -1 : 1) * Math.Exp(Normal(random)),
        "equal" => 123.456,
        "near zero" => random.Next(3) switch { 0 => 0, 1 => -1e-6 * random.NextDouble(), _ => 1e-6 * random.NextDouble() },
        _ => i,
    };

    private static string KeyText(string keys, Random random, int set, int i) => keys switch
    {
        "counting" => string.Create(CultureInfo.InvariantCulture, $"{(set * 1_000_000) + i}"),
        "high bits" => string.Create(CultureInfo.InvariantCulture, $"{((long)set << 40) + ((long)i << 20)}"),
        "one bit" => string.Concat(Enumerable.Range(0, 20).Select(b => ((set * 131_071) ^ i) >> b & 1)),
        "long prefix" => new string('k', 200) + string.Create(CultureInfo.InvariantCulture, $"{set}/{i}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"z{set}-{(long)Math.Min(1e9, Math.Pow(1 - random.NextDouble(), -1.1))}"),
    };

    private static double Normal(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());

    /// <summary>The largest error of the quantiles relative to the row at floor(q · (n − 1)).</summary>
    private static double WorstError(double[] got, double[] sorted) => Quantiles.Select((q, i) =>
    {
        double x = sorted[(int)Math.Floor(q * (sorted.Length - 1))];
        return x == 0 ? Math.Abs(got[i]) : Math.Abs(got[i] - x) / Math.Abs(x);
    }).Max();

    private static double[] Numbers(string text)
    {
        using var json = JsonDocument.Parse(text);
        return [.. json.RootElement.EnumerateArray().Select(static e => e.GetDouble())];
    }

    /// <summary>Values every 30 days, with the rows that the window holds then.</summary>
    private static IEnumerable<(double[] Got, IReadOnlyList<TakenRow> Rows)> ByMonth(FeatureSpec feature, WindowSpec window, Func<string, double[]> read)
    {
        EngineUnderTest engine = Engine(feature);
        HistoryRow[] rows = OnlineRetail.Value;
        TakenRow[] taken = [.. rows.Select(static r => new TakenRow(r, r.StatedMs, r.StatedMs))];
        long next = rows[0].StatedMs + (30 * Day);
        int at = 0;
        while (at < rows.Length)
        {
            int end = Array.FindIndex(rows, at, r => r.StatedMs > next);
            end = end < 0 ? rows.Length : end;
            Feed(engine, rows.Skip(at).Take(end - at));
            at = end;
            PublishedValue got = engine.Evaluate(next)[0];
            Assert.Equal(Marks.Approximate, got.Marks);
            yield return (read(got.Text!), window.Select(taken[..end], next)![0]);
            next += 30 * Day;
        }
    }

    private static EngineUnderTest Engine(FeatureSpec feature) => new(EngineUnderTest.Compile(
        new GroupSpec { Features = [feature], IdleMs = feature.Windows[0].IsForLife ? long.MaxValue : 0, Trigger = TriggerSpec.Expiry }.Hocon()));

    private static void Feed(EngineUnderTest engine, IEnumerable<HistoryRow> rows)
    {
        foreach (HistoryRow row in rows)
        {
            Assert.Equal(Fate.Taken, engine.Apply(row, row.ArrivalMs));
        }
    }

    private static HistoryRow[] ReadOnlineRetail()
    {
        var rows = new List<HistoryRow>();
        using var file = new StreamReader(new GZipStream(File.OpenRead(Path.Combine(Repository.Root, "samples", "online-retail", "events.csv.gz")), CompressionMode.Decompress));
        file.ReadLine();
        while (file.ReadLine() is { } line)
        {
            string[] fields = line.Split(',');
            long time = long.Parse(fields[1], CultureInfo.InvariantCulture);
            rows.Add(new HistoryRow
            {
                Id = rows.Count,
                StatedMs = time,
                ArrivalMs = time,
                U = fields[2].Length == 0 ? null : fields[2],
                C = fields[3],
                D = double.Parse(fields[6], CultureInfo.InvariantCulture),
            });
        }

        return [.. rows.OrderBy(static r => r.StatedMs)];
    }
}

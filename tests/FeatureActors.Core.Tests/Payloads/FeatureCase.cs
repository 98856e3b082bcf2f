using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Payloads;
using FeatureActors.TestKit.Features;

namespace FeatureActors.Core.Tests.Payloads;

/// <summary>
/// A built-in type with settings, rows to feed it and the value that its definition gives for a set of rows. Columns: 0 string,
/// 1 long, 2 double, 3 decimal, 4 boolean, 5 key.
/// </summary>
public sealed class FeatureCase(string name, FeatureAggregate aggregate, NaiveValue naive)
{
    private const double ExactTolerance = 1e-9;

    private static readonly string[] Columns = ["text", "whole", "real", "exact", "flag", "who"];
    private static readonly string[] Texts = ["", "a", "b", "ab", "ü", "quote\"", "other", "zz", "user-17", "user-18"];

    public static IReadOnlyList<FeatureCase> All { get; } = Make();

    private FeatureCase(string name, FeatureAggregate aggregate, Func<IReadOnlyList<SampleRow>, string?> naive)
        : this(name, aggregate, (rows, _, _) => naive(rows))
    {
    }

    public FeatureAggregate Aggregate => aggregate;

    /// <summary>How far a number may be from the naive one, relative to it.</summary>
    public double Tolerance { get; init; } = ExactTolerance;

    public string? Naive(IReadOnlyList<SampleRow> rows, long nowMs, long windowMs) => naive(rows, nowMs, windowMs);

    public static FeatureAggregate Bind(string type, params (string Key, object Value)[] settings)
    {
        SampleBinding binding = new SampleBinding()
            .Column("text", FieldType.String).Column("whole", FieldType.Long).Column("real", FieldType.Double)
            .Column("exact", FieldType.Decimal).Column("flag", FieldType.Boolean).Column("who", FieldType.String);
        foreach ((string key, object value) in settings)
        {
            binding.Set(key, value);
        }

        return binding.Bind(BuiltInFeatureTypes.All.Single(t => t.Name == type));
    }

    /// <summary>A row with few distinct values and times, so that ties and repetitions are common; one value in ten is NULL.</summary>
    public static SampleRow NewRow(Random random, long timeMs)
    {
        object? Sometimes(object value) => random.Next(10) == 0 ? null : value;
        long time = random.Next(3) == 0 ? timeMs / 500 * 500 : timeMs;
        long whole = random.Next(4) switch
        {
            0 => random.NextInt64(long.MinValue, long.MaxValue),
            1 => random.Next(-40_000, 40_000),
            _ => random.Next(-5, 5),
        };
        double real = random.Next(3) == 0 ? random.Next(-3, 3) : random.Next(-500_000_000, 500_000_000) / 1024.0;
        decimal exact = new(random.Next(-100_000, 100_000), 0, 0, false, (byte)random.Next(0, 9));
        return new SampleRow(
            time, Sometimes(Texts[random.Next(Texts.Length)]), Sometimes(whole), Sometimes(real), Sometimes(exact),
            Sometimes(random.Next(2) == 0), Sometimes(Texts[random.Next(Texts.Length)]));
    }

    public override string ToString() => name;

    private static List<FeatureCase> Make() => [.. MakeBasic(), .. NumericCases()];

    private static List<FeatureCase> NumericCases()
    {
        var cases = new List<FeatureCase>
        {
            new("rate", Bind("rate", ("per", 60_000)), (rows, _, windowMs) => NaiveNumbers.Rate(rows, -1, 60_000, windowMs)),
            new("decayed-sum", Bind("decayed-sum", ("half-life", 2_500)), (rows, nowMs, _) => NaiveNumbers.Decayed(rows, -1, 2_500, 1e-6, nowMs)),
        };
        for (int i = 1; i <= 3; i++)
        {
            int column = i;
            string of = Columns[i];
            cases.Add(new($"variance of {of}", Bind("variance", ("of", of)), rows => NaiveNumbers.Variance(rows, column, false, false)));
            cases.Add(new($"sample variance of {of}", Bind("variance", ("of", of), ("sample", true)), rows => NaiveNumbers.Variance(rows, column, true, false)));
            cases.Add(new($"stddev of {of}", Bind("stddev", ("of", of)), rows => NaiveNumbers.Variance(rows, column, false, true)));
            cases.Add(new($"rate of {of}", Bind("rate", ("of", of)), (rows, _, windowMs) => NaiveNumbers.Rate(rows, column, 1_000, windowMs)));
            cases.Add(new(
                $"histogram of {of}",
                Bind("histogram", ("of", of), ("bounds", "[-1000, -3.5, 0, 1, 2, 1000.25]")),
                rows => NaiveNumbers.Histogram(rows, column, [-1000, -3.5, 0, 1, 2, 1000.25])));
            foreach (double error in new[] { 0.01, 0.2 })
            {
                cases.Add(new(
                    $"quantile of {of} within {error}",
                    Bind("quantile", ("of", of), ("q", 0.5), ("error", error)),
                    rows => NaiveNumbers.Quantiles(rows, column, [0.5], false))
                { Tolerance = error });
                cases.Add(new(
                    $"quantiles of {of} within {error}",
                    Bind("quantile", ("of", of), ("q", "[0, 0.1, 0.5, 0.99, 1]"), ("error", error)),
                    rows => NaiveNumbers.Quantiles(rows, column, [0, 0.1, 0.5, 0.99, 1], true))
                { Tolerance = error });
            }
        }

        for (int i = 2; i <= 3; i++)
        {
            int column = i;
            string of = Columns[i];
            cases.Add(new(
                $"decayed-sum of {of}",
                Bind("decayed-sum", ("of", of), ("half-life", 1_700)),
                (rows, nowMs, _) => NaiveNumbers.Decayed(rows, column, 1_700, 1e-6, nowMs)));
        }

        foreach (int gap in new[] { 1, 300, 2_500 })
        {
            cases.Add(new($"session-count of {gap} ms", Bind("session-count", ("gap", gap)), rows => NaiveNumbers.Sessions(rows, gap, "count")));
            foreach (string by in new[] { "mean", "total", "max", "last" })
            {
                cases.Add(new(
                    $"session-duration by {by} of {gap} ms",
                    Bind("session-duration", ("gap", gap), ("by", by)),
                    rows => NaiveNumbers.Sessions(rows, gap, by)));
            }
        }

        return cases;
    }

    private static List<FeatureCase> MakeBasic()
    {
        var cases = new List<FeatureCase> { new("count", Bind("count"), NaiveFeatures.Count) };
        for (int i = 1; i <= 3; i++)
        {
            int column = i;
            string of = Columns[i];
            cases.Add(new($"sum of {of}", Bind("sum", ("of", of)), rows => NaiveFeatures.Sum(rows, column)));
            cases.Add(new($"avg of {of}", Bind("avg", ("of", of)), rows => NaiveFeatures.Avg(rows, column)));
        }

        for (int i = 0; i <= 3; i++)
        {
            int column = i;
            string of = Columns[i];
            cases.Add(new($"min of {of}", Bind("min", ("of", of)), rows => NaiveFeatures.Extreme(rows, column, max: false)));
            cases.Add(new($"max of {of}", Bind("max", ("of", of)), rows => NaiveFeatures.Extreme(rows, column, max: true)));
        }

        for (int i = 0; i <= 4; i++)
        {
            int column = i;
            string of = Columns[i];
            cases.Add(new($"latest of {of}", Bind("latest", ("of", of)), rows => NaiveFeatures.Ordered(rows, column, true, 1, false)));
            foreach ((int n, bool distinct) in new[] { (1, false), (2, false), (5, false), (2, true), (5, true), (40, true) })
            {
                foreach (bool newest in new[] { true, false })
                {
                    string type = newest ? "last" : "first";
                    cases.Add(new(
                        $"{type} {n} {(distinct ? "distinct " : string.Empty)}of {of}",
                        Bind(type, ("of", of), ("n", n), ("distinct", distinct)),
                        rows => NaiveFeatures.Ordered(rows, column, newest, n, distinct)));
                }
            }
        }

        AddSides(cases);
        AddCompositeKeys(cases);
        AddDistinct(cases);
        AddListMaps(cases);
        foreach (int key in new[] { 1, 5 })
        {
            string by = Columns[key];
            cases.Add(new($"count-map by {by}", Bind("count-map", ("key", by)), rows => NaiveFeatures.Map(rows, key, -1)));
            foreach (int k in new[] { 1, 3, 100 })
            {
                cases.Add(new($"top-{k} by {by}", Bind("top-k", ("key", by), ("k", k)), rows => NaiveFeatures.Top(rows, key, -1, k, false)));
            }

            for (int i = 1; i <= 3; i++)
            {
                int column = i;
                string of = Columns[i];
                cases.Add(new($"sum-map of {of} by {by}", Bind("sum-map", ("key", by), ("of", of)), rows => NaiveFeatures.Map(rows, key, column)));
                cases.Add(new(
                    $"top-3 by sum of {of} by {by}",
                    Bind("top-k", ("key", by), ("k", 3), ("by", "sum"), ("of", of)),
                    rows => NaiveFeatures.Top(rows, key, column, 3, false)));
                cases.Add(new(
                    $"bottom-4 by sum of {of} by {by}",
                    Bind("top-k", ("key", by), ("k", 4), ("by", "sum"), ("of", of), ("order", "bottom")),
                    rows => NaiveFeatures.Top(rows, key, column, 4, true)));
            }
        }

        return cases;
    }

    private static void AddSides(List<FeatureCase> cases)
    {
        foreach ((int of, int[] sides) in new[] { (0, new[] { 2, 4 }), (1, [3]), (4, [0, 1, 2, 3]), (0, []) })
        {
            string with = string.Join(", ", sides.Select(static i => Columns[i]));
            foreach (string distinct in new[] { "false", "true", "first", "last" })
            {
                foreach ((string type, int n) in new[] { ("last", 1), ("last", 3), ("first", 1), ("first", 4), ("last", 40) })
                {
                    (string, object)[] settings = [("of", Columns[of]), ("n", n), ("distinct", distinct)];
                    settings = with.Length == 0 ? settings : [.. settings, ("with", $"[{with}]")];
                    cases.Add(new(
                        $"{type} {n} of {Columns[of]} with [{with}], distinct {distinct}",
                        Bind(type, settings),
                        rows => NaiveFeatures.Entries(rows, of, sides, type == "last", n, distinct)));
                }
            }
        }
    }

    private static void AddCompositeKeys(List<FeatureCase> cases)
    {
        foreach (int[] keys in new[] { new[] { 5, 1 }, [1, 0, 5] })
        {
            string by = string.Join(", ", keys.Select(static i => Columns[i]));
            string key = $"[{by}]";
            cases.Add(new($"count-map by [{by}]", Bind("count-map", ("by", key)), rows => NaiveFeatures.Map(NaiveFeatures.Joined(rows, keys), 0, -1)));
            cases.Add(new(
                $"sum-map of whole by [{by}]",
                Bind("sum-map", ("key", key), ("of", "whole")),
                rows => NaiveFeatures.Map(NaiveFeatures.Joined(rows, keys, 1), 0, 1)));
            cases.Add(new(
                $"top-3 by [{by}]", Bind("top-k", ("key", key), ("k", 3)), rows => NaiveFeatures.Top(NaiveFeatures.Joined(rows, keys), 0, -1, 3, false)));
        }
    }

    /// <summary>Within what the cases can hold, sketches are exact: few values are counted one by one.</summary>
    private static void AddDistinct(List<FeatureCase> cases)
    {
        for (int i = 0; i <= 4; i++)
        {
            int column = i;
            string of = Columns[i];
            cases.Add(new($"distinct {of}", Bind("distinct", ("of", of)), rows => NaiveFeatures.Distinct(rows, column)));
            cases.Add(new($"distinct-approx {of}", Bind("distinct-approx", ("of", of)), rows => NaiveFeatures.Distinct(rows, column)));
        }

        // Ten texts: the dictionary holds four, the sketches have the others, one by one.
        cases.Add(new("distinct above its bound", Bind("distinct", ("of", "text"), ("max-keys", 4)), rows => NaiveFeatures.Distinct(rows, 0)));
    }

    private static void AddListMaps(List<FeatureCase> cases)
    {
        foreach ((int[] keys, int of, int n, bool distinct) in new[]
        {
            (new[] { 5 }, 0, 2, false), ([5], 0, 3, true), ([1], 3, 1, false), ([5, 1], 2, 10, false), ([0], 4, 40, true),
        })
        {
            string by = string.Join(", ", keys.Select(static i => Columns[i]));
            cases.Add(new(
                $"{n} {(distinct ? "distinct " : string.Empty)}{Columns[of]} per [{by}]",
                Bind("map-of-lists", ("key", $"[{by}]"), ("of", Columns[of]), ("n", n), ("distinct", distinct)),
                rows => NaiveFeatures.ListMap(rows, keys, of, n, distinct)));
        }
    }
}

/// <summary>The value that the definition of a type gives for the rows of a window, as published text; null for absent.</summary>
/// <param name="rows">The rows, retractions among them, never empty.</param>
/// <param name="nowMs">The time T.</param>
/// <param name="windowMs">Length of the window, 0 where it has none.</param>
public delegate string? NaiveValue(IReadOnlyList<SampleRow> rows, long nowMs, long windowMs);

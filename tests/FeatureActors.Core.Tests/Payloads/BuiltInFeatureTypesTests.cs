using System.Globalization;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Windows;
using FeatureActors.TestKit.Features;

namespace FeatureActors.Core.Tests.Payloads;

public sealed class BuiltInFeatureTypesTests
{
    public static TheoryData<string> CaseNames => [.. FeatureCase.All.Select(static c => c.ToString())];

    [Fact]
    public void Names_of_built_in_types_are_unique() =>
        Assert.Equal(BuiltInFeatureTypes.All.Count, BuiltInFeatureTypes.All.Select(static t => t.Name).Distinct().Count());

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void Every_type_keeps_the_laws(string name)
    {
        FeatureCase feature = FeatureCase.All.Single(c => c.ToString() == name);
        var laws = new FeatureTypeLaws(feature.Aggregate, FeatureCase.NewRow) { MayBeNotFinite = true };
        for (int seed = 1; seed <= 20; seed++)
        {
            laws.Check(seed, rowCount: 1 + (seed * 5));
        }
    }

    [Theory]
    [MemberData(nameof(CaseNames))]
    public void Every_window_at_every_time_equals_the_recomputation_from_all_rows(string name)
    {
        FeatureCase feature = FeatureCase.All.Single(c => c.ToString() == name);
        for (int seed = 1; seed <= 16; seed++)
        {
            CompareWithRecomputation(feature, seed);
        }
    }

    private static void CompareWithRecomputation(FeatureCase feature, int seed)
    {
        var random = new Random(seed);
        SlidingWindow[] windows = [SlidingWindow.Of("3s", 3_000, 1_000), SlidingWindow.Of("20s", 20_000, 5_000), SlidingWindow.Lifetime("lifetime")];
        if (seed % 2 == 0)
        {
            windows = windows[..2];
        }

        bool retracts = feature.Aggregate.Traits.HasFlag(FeatureTraits.Invertible);
        var driver = new AggregateDriver(feature.Aggregate, new SlotTimeline(windows));
        var rows = new List<SampleRow>();
        var live = new List<SampleRow>();
        long now = -10_000;
        while (now < 60_000)
        {
            now += random.Next(1, 4_000);
            for (int i = random.Next(6); i > 0 && now < 30_000; i--)
            {
                SampleRow row = FeatureCase.NewRow(random, now - random.Next(0, 3_000));
                int retracted = retracts && live.Count > 0 && random.Next(4) == 0 ? random.Next(live.Count) : -1;
                row = retracted >= 0 ? live[retracted].Retracted() : row;
                if (row.EventTimeMs < now - 3_000 || !driver.Apply(row))
                {
                    continue;
                }

                rows.Add(row);
                if (retracted >= 0)
                {
                    live.RemoveAt(retracted);
                }
                else
                {
                    live.Add(row);
                }
            }

            if (random.Next(2) == 0)
            {
                driver.Fold(now);
            }

            for (int w = 0; w < windows.Length; w++)
            {
                SampleRow[] inside = [.. rows.Where(r => IsInside(windows[w], r.EventTimeMs, now))];
                string? expected = inside.Length > 0 ? feature.Naive(inside, now, windows[w].LengthMs)
                    : feature.Aggregate.EmptyValue.IsEmpty ? null : "0";
                string? actual = driver.Evaluate(w, now);
                Assert.True(
                    AreSame(expected, actual, feature.Tolerance),
                    $"{feature}, window {windows[w].Name} at {now}, seed {seed}: expected {expected ?? "absent"}, got {actual ?? "absent"}; rows {string.Join(' ', inside.AsEnumerable())}");
            }
        }
    }

    private static bool IsInside(SlidingWindow window, long time, long now)
    {
        if (window.Name == "lifetime")
        {
            return true;
        }

        double r = window.SlotMs;
        double start = Math.Floor(time / r) * r;
        return Math.Floor((now - window.SizeMs) / r) * r <= start && start <= Math.Floor(now / r) * r;
    }

    private static bool AreSame(string? expected, string? actual, double tolerance)
    {
        if (expected == actual)
        {
            return true;
        }

        if (expected is null || actual is null)
        {
            return false;
        }

        string[] left = expected.Trim('[', ']').Split(',');
        string[] right = actual.Trim('[', ']').Split(',');
        return left.Length == right.Length && left.Zip(right).All(p => AreNear(p.First, p.Second, tolerance));
    }

    private static bool AreNear(string expected, string actual, double tolerance) =>
        expected == actual
        || (double.TryParse(expected, CultureInfo.InvariantCulture, out double left)
            && double.TryParse(actual, CultureInfo.InvariantCulture, out double right)
            && Math.Abs(left - right) <= tolerance * Math.Abs(left));
}

using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace FeatureActors.Node.Tests.Batch;

/// <summary>Random events, in any order in the file, at random times and at slot boundaries: batch equals the formulas.</summary>
public sealed class BatchAgainstNaiveTests : IDisposable
{
    private const long Second = 1_000;
    private const long Minute = 60 * Second;
    private const long Hour = 60 * Minute;
    private const long Start = 1_600_000_000_000;

    private const string Definitions =
        """
        namespace = shop
        sources.orders {
          format = json, event-time { field = ts, unit = ms }
          fields { user = string, item = string, store = long, action = string, quantity = long, price = double, ts = long }
        }
        entities { user { key = [string], shards = 2 }, place { key = [long, string], shards = 3 } }
        groups {
          habits {
            entity = user, source = orders, key = user, where = "user IS NOT NULL"
            features {
              lines { type = count, windows = [10m, { size = 3h, slot = 15m }, { size = 1h, offset = 1h }] }
              buys { type = count, where = "action = 'buy'", windows = [10m, 3h] }
              rate { type = ratio, numerator = buys, denominator = lines, windows = [10m] }
              quantity { type = sum, of = quantity, windows = [10m, 3h] }
              mean { type = avg, of = price, windows = [1h] }
              least { type = min, of = price, windows = [1h] }
              most { type = max, of = price, where = "action = 'buy'", windows = [1h] }
              items { type = last, of = item, n = 3, distinct = true, windows = [1h] }
              item { type = last, of = item, windows = [10m] }
              by_item { type = count-map, key = item, max-keys = 100, windows = [1h] }
              sum_by_item { type = sum-map, key = item, of = quantity, max-keys = 100, windows = [1h] }
              top { type = top-k, key = item, by = count, k = 2, windows = [1h, 3h] }
            }
          }
          visits {
            entity = place, source = orders, key = [store, action]
            features { n { type = count, windows = [{ size = 30m, slot = 10m, name = half }] } }
          }
        }
        """;

    private static readonly NaiveWindow Ten = new("10m", 10 * Minute, 5 * Second);
    private static readonly NaiveWindow One = new("1h", Hour, Minute);
    private static readonly NaiveWindow Three = new("3h", 3 * Hour, Minute);
    private static readonly NaiveWindow ThreeCoarse = new("3h", 3 * Hour, 15 * Minute);
    private static readonly NaiveWindow Before = new("1h@1h", Hour, Minute, Hour);
    private static readonly NaiveWindow Half = new("half", 30 * Minute, 10 * Minute);

    private readonly Fa _fa = new();

    public void Dispose() => _fa.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Batch_gives_what_the_formulas_give(int seed)
    {
        var random = new Random(seed);
        List<ShopEvent> events = [.. Enumerable.Range(0, 400).Select(_ => NewEvent(random))];
        long[] times = [.. Times(random, events).Distinct().Order()];
        string definitions = _fa.Write("d.conf", Definitions);
        bool isCsv = seed % 2 == 0;
        string input = isCsv ? _fa.Write("orders.csv", Csv(events)) : _fa.Write("orders.jsonl", Json(events));

        int code = await _fa.RunAsync(
            ["batch", "--definitions", definitions, "--input", input, "--source", "orders", "--output", "-", "--at", .. times.Select(static t => t.ToString(CultureInfo.InvariantCulture))]);

        Assert.True(code == 0, $"seed {seed}: {_fa.Error}");
        string[] lines = _fa.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        List<(string Where, JsonNode? Value)> expected = Expected(events, times);
        for (int i = 0; i < Math.Min(lines.Length, expected.Count); i++)
        {
            JsonNode line = JsonNode.Parse(lines[i])!;
            string where = $"{line["group"]} {line["key"]!.ToJsonString()} {line["feature"]} {line["window"]} {line["at"]}";
            Assert.True(expected[i].Where == where, $"seed {seed}, line {i + 1}: expected {expected[i].Where}, found {where}");
            Assert.True(
                IsSame(expected[i].Value, line["value"]),
                $"seed {seed}, {where}: expected {expected[i].Value?.ToJsonString() ?? "null"}, found {line["value"]?.ToJsonString() ?? "null"}");
        }

        Assert.True(expected.Count == lines.Length, $"seed {seed}: {expected.Count} values expected, {lines.Length} found");
    }

    private static List<(string Where, JsonNode? Value)> Expected(List<ShopEvent> all, long[] times)
    {
        var expected = new List<(string, JsonNode?)>();
        foreach (long at in times)
        {
            List<ShopEvent> events = [.. all.Where(e => e.TimeMs <= at)];
            foreach (var key in events.Where(static e => e.User is not null).GroupBy(static e => e.User!).OrderBy(static g => g.Key, StringComparer.Ordinal))
            {
                if (IsHabitAlive([.. key], at))
                {
                    string name = JsonValue.Create(key.Key).ToJsonString();
                    expected.AddRange(Habits([.. key], at).Select(v => ($"habits {name} {v.Field} {at}", v.Value)));
                }
            }

            foreach (var key in events.GroupBy(static e => $"{e.Store}|{e.Action}").OrderBy(static g => g.Key, StringComparer.Ordinal))
            {
                if (key.Any(e => NaiveEvaluator.IsHeld(e, Half, at)))
                {
                    ShopEvent one = key.First();
                    string name = new JsonArray(one.Store, one.Action).ToJsonString();
                    expected.Add(($"visits {name} n half {at}", NaiveEvaluator.Count(key.Where(e => NaiveEvaluator.IsInside(e, Half, at)))));
                }
            }
        }

        return expected;
    }

    // Every event counts as a line, whose longest reaches are these.
    private static bool IsHabitAlive(ShopEvent[] events, long at) =>
        events.Any(e => NaiveEvaluator.IsHeld(e, ThreeCoarse, at) || NaiveEvaluator.IsHeld(e, Before, at) || NaiveEvaluator.IsHeld(e, Three, at));

    private static IEnumerable<(string Field, JsonNode? Value)> Habits(ShopEvent[] events, long at)
    {
        ShopEvent[] In(NaiveWindow window) => [.. events.Where(e => NaiveEvaluator.IsInside(e, window, at))];
        ShopEvent[] Buys(NaiveWindow window) => [.. In(window).Where(static e => e.Action == "buy")];
        yield return ("lines 10m", NaiveEvaluator.Count(In(Ten)));
        yield return ("lines 3h", NaiveEvaluator.Count(In(ThreeCoarse)));
        yield return ("lines 1h@1h", NaiveEvaluator.Count(In(Before)));
        yield return ("buys 10m", NaiveEvaluator.Count(Buys(Ten)));
        yield return ("buys 3h", NaiveEvaluator.Count(Buys(Three)));
        yield return ("quantity 10m", NaiveEvaluator.Sum(In(Ten)));
        yield return ("quantity 3h", NaiveEvaluator.Sum(In(Three)));
        yield return ("mean 1h", NaiveEvaluator.Avg(In(One)));
        yield return ("least 1h", NaiveEvaluator.Min(In(One)));
        yield return ("most 1h", NaiveEvaluator.Max(Buys(One)));
        yield return ("items 1h", NaiveEvaluator.Last(In(One), 3));
        yield return ("item 10m", NaiveEvaluator.LastOne(In(Ten)));
        yield return ("by_item 1h", NaiveEvaluator.CountMap(In(One)));
        yield return ("sum_by_item 1h", NaiveEvaluator.SumMap(In(One)));
        yield return ("top 1h", NaiveEvaluator.Top(In(One), 2));
        yield return ("top 3h", NaiveEvaluator.Top(In(Three), 2));
        int lines = In(Ten).Length;
        yield return ("rate 10m", lines == 0 ? null : JsonValue.Create((double)Buys(Ten).Length / lines));
    }

    private static ShopEvent NewEvent(Random random) => new(
        Start + (random.Next(3) == 0 ? Minute * random.NextInt64(0, 300) : random.NextInt64(0, 5 * Hour)),
        random.Next(10) == 0 ? null : $"u {random.Next(6)}",
        random.Next(12) == 0 ? null : $"i{random.Next(8)}",
        random.Next(-1, 3),
        random.Next(4) == 0 ? "cancel" : "buy",
        random.Next(8) == 0 ? null : random.Next(-5, 20),
        random.Next(0, 400) / 4.0);

    private static IEnumerable<long> Times(Random random, List<ShopEvent> events)
    {
        yield return Start - 1;
        yield return events.Min(static e => e.TimeMs);
        for (int i = 0; i < 4; i++)
        {
            yield return Start + random.NextInt64(0, 6 * Hour);
        }

        long boundary = NaiveEvaluator.Floor(Start + (3 * Hour), 15 * Minute);
        yield return boundary - 1;
        yield return boundary;
        yield return events.Max(static e => e.TimeMs);
        yield return events.Max(static e => e.TimeMs) + (3 * Hour);
        yield return events.Max(static e => e.TimeMs) + (4 * Hour);
    }

    private static string Json(List<ShopEvent> events) => string.Concat(events.Select(static e => new JsonObject
    {
        ["ts"] = e.TimeMs,
        ["user"] = e.User,
        ["item"] = e.Item,
        ["store"] = e.Store,
        ["action"] = e.Action,
        ["quantity"] = e.Quantity,
        ["price"] = e.Price,
        ["ignored"] = new JsonArray(1, 2),
    }.ToJsonString() + "\n"));

    private static string Csv(List<ShopEvent> events)
    {
        var text = new StringBuilder("price,ts,unknown,user,item,store,action,quantity\r\n");
        foreach (ShopEvent e in events)
        {
            text.Append(CultureInfo.InvariantCulture, $"{e.Price},{e.TimeMs},\"x,\ny\",{e.User},{e.Item},{e.Store},{e.Action},{e.Quantity}\r\n");
        }

        return text.ToString();
    }

    private static bool IsSame(JsonNode? expected, JsonNode? found)
    {
        if (expected is JsonValue left && found is JsonValue right && double.TryParse(left.ToJsonString(), CultureInfo.InvariantCulture, out double a)
            && double.TryParse(right.ToJsonString(), CultureInfo.InvariantCulture, out double b))
        {
            return Math.Abs(a - b) <= 1e-9 * Math.Abs(a);
        }

        return JsonNode.DeepEquals(expected, found);
    }
}

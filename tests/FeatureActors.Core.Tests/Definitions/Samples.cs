using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Core.Definitions;
using FeatureActors.Hocon;

namespace FeatureActors.Core.Tests.Definitions;

/// <summary>Definitions texts and short ways to bind them.</summary>
internal static class Samples
{
    /// <summary>The example of the contract, with the feature <c>cancels</c> that its ratio reads.</summary>
    public const string Contract =
        """
        namespace = shop
        sources.purchases {
          topic = purchases
          format = json                      # json | csv | protobuf | debezium-json (the last two later)
          event-time { field = ts_ms, unit = ms }      # ms | s | us | iso8601
          max-future = 1m
          fields { user_id = string, item_id = string, category_id = string, action = string, value = double, ts_ms = long }
        }
        entities.item { key = [string], shards = 16 }
        groups.item_sales {
          entity = item
          from = [ { source = purchases, key = item_id, where = "action IN ('purchase', 'cancel')" } ]
          features {
            buys        { type = count, where = "action = 'purchase'", windows = [1h, 1d, 7d] }
            cancels     { type = count, where = "action = 'cancel'", windows = [1d, 7d] }
            quantity    { type = sum, of = value, windows = [{ size = 1d, slot = 5m }] }
            by_category { type = count-map, key = category_id, max-keys = 1000, windows = [7d] }
            top_buyers  { type = top-k, key = user_id, by = count, k = 20, windows = [7d] }
            last_buyers { type = last, of = user_id, n = 20, distinct = true, windows = [30d] }
            cancel_rate { type = ratio, numerator = cancels, denominator = buys }
          }
          triggers = [ { on = update, coalesce = 200ms }, { on = timer, every = 10s } ]
          late = dead-letter
        }
        """;

    private const string Head =
        """
        namespace = shop
        sources.s { event-time { field = ts, unit = ms }, fields { id = string, other = string, n = long, v = double, ts = long } }
        entities.e { key = [string] }
        """;

    /// <summary>One group <c>g</c> with <paramref name="body"/> behind its features; it begins at line 4.</summary>
    public static string Group(string features, string body = "") =>
        $"{Head}\ngroups.g {{ entity = e, source = s, key = id\nfeatures {{\n{features}\n}}\n{body}\n}}";

    public static DefinitionsModel Bind(string text) =>
        DefinitionsBinder.Bind(HoconParser.ParseText(text, "d.conf"), StubFeatureType.Registry);

    /// <summary>The mistakes of <paramref name="text"/>, each as one line.</summary>
    public static string[] Mistakes(string text) => [.. Errors(text).Select(e => e.ToString())];

    public static IReadOnlyList<ConfigError> Errors(string text) =>
        Assert.Throws<ConfigException>(() => Bind(text)).Errors;

    public static DefinitionsPlan Compile(string text)
    {
        DefinitionsModel model = Bind(text);
        return PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model));
    }
}

using System.Globalization;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Plugins;
using FeatureActors.Hocon;

namespace FeatureActors.Benchmarks.Streams;

/// <summary>The definitions that are measured.</summary>
internal static class Profile
{
    /// <summary>Name of the only source.</summary>
    public const string Source = "events";

    /// <summary>Name of the only entity.</summary>
    public const string Entity = "item";

    /// <summary>One count.</summary>
    public const string Simple = "simple";

    /// <summary>Ten features.</summary>
    public const string Rich = "rich";

    private const string Windows = "[1h, 1d, 7d]";

    /// <summary>One feature per built-in type, by the type's name.</summary>
    public static IReadOnlyDictionary<string, string> Features { get; } = new Dictionary<string, string>
    {
        ["count"] = "buys { type = count, windows = W }",
        ["sum"] = "revenue { type = sum, of = value, windows = W }",
        ["avg"] = "price { type = avg, of = value, windows = W }",
        ["min"] = "cheapest { type = min, of = value, windows = W }",
        ["max"] = "dearest { type = max, of = value, windows = W }",
        ["first"] = "first_user { type = first, of = user_id, windows = W }",
        ["last"] = "last_users { type = last, of = user_id, n = 5, distinct = true, windows = W }",
        ["latest"] = "channel { type = latest, of = channel }",
        ["count-map"] = "by_channel { type = count-map, key = channel, max-keys = 100, windows = W }",
        ["sum-map"] = "by_category { type = sum-map, key = category_id, of = value, max-keys = 100, windows = W }",
        ["top-k"] = "top_users { type = top-k, key = user_id, by = count, k = 20, max-keys = 1000, windows = W }",
        ["variance"] = "spread { type = variance, of = value, windows = W }",
        ["stddev"] = "deviation { type = stddev, of = value, windows = W }",
        ["rate"] = "speed { type = rate, of = value, per = 1h, windows = W }",
        ["decayed-sum"] = "heat { type = decayed-sum, half-life = 1d }",
        ["quantile"] = "prices { type = quantile, of = value, q = [0.5, 0.99], windows = W }",
        ["histogram"] = "classes { type = histogram, of = value, bounds = [1, 10, 100, 1000], windows = W }",
        ["session-count"] = "visits { type = session-count, gap = 30m, windows = W }",
        ["session-duration"] = "stays { type = session-duration, gap = 30m, windows = W }",
        ["map-of-lists"] = "users_by_channel { type = map-of-lists, key = channel, of = user_id, n = 5, max-keys = 100, windows = W }",
        ["distinct"] = "users { type = distinct, of = user_id, max-keys = 1000, windows = W }",
        ["distinct-approx"] = "about_users { type = distinct-approx, of = user_id, precision = 11, windows = W }",
        ["convert"] = "upper { type = convert, expr = \"upper(channel)\" }",
        ["count as plug-in"] = "plugin_buys { type = \"custom:count\", windows = W }",
        ["sum as plug-in"] = "plugin_revenue { type = \"custom:sum\", of = value, windows = W }",
        ["top-k as plug-in"] = "plugin_top_users { type = \"custom:top-k\", key = user_id, by = count, k = 20, max-keys = 1000, windows = W }",
        ["ratio"] = "basket { type = ratio, numerator = revenue, denominator = buys }",
        ["derived"] = "above { type = derived, expr = \"revenue - buys\" }",
    };

    private static readonly string[] RichTypes =
        ["count", "sum", "min", "max", "last", "latest", "count-map", "sum-map", "top-k", "ratio"];

    /// <summary>The features of a profile, in HOCON.</summary>
    public static string FeaturesOf(string profile, string windows = Windows)
    {
        IEnumerable<string> types = profile switch
        {
            Simple => ["count"],
            Rich => RichTypes,
            "all-types" => Features.Keys.Where(static k => !k.EndsWith("as plug-in", StringComparison.Ordinal)),
            "ratio" or "derived" => ["count", "sum", profile],
            _ when Features.ContainsKey(profile) => [profile],
            _ => throw new ArgumentException($"unknown profile {profile}; there are simple, rich, all-types and the feature types"),
        };
        return string.Join("\n    ", types.Select(t => Features[t].Replace("= W", $"= {windows}", StringComparison.Ordinal)));
    }

    /// <summary>Definitions of a profile, as a file has them.</summary>
    public static string Text(ProfileOptions options) => string.Create(CultureInfo.InvariantCulture, $$"""
            namespace = {{options.Namespace}}
            clock = {{(options.IsEventClock ? "event" : "wall")}}
            sources.{{Source}} {
              topic = "{{options.Topic}}"
              format = json
              event-time { field = ts_ms, unit = ms }
              fields { user_id = string, item_id = string, category_id = string, channel = string, value = double, ts_ms = long }
            }
            entities.{{Entity}} { key = [string], shards = {{options.Shards}} }
            groups.sales {
              entity = {{Entity}}
              source = {{Source}}
              key = item_id
              features {
                {{FeaturesOf(options.Name, options.Windows ?? Windows)}}
              }
              triggers = [ {{options.Trigger}} ]
            }
            """);

    /// <summary>Definitions of a profile.</summary>
    public static DefinitionsModel Model(ProfileOptions options)
    {
        ConfigObject tree = HoconParser.ParseText(Text(options), $"{options.Name}.conf");

        // The same types once more behind what stands between the engine and a plug-in.
        IEnumerable<IFeatureType> asPlugins = BuiltInFeatureTypes.All.Select(static t => new PluginFeatureType(t, "bench"));
        return DefinitionsBinder.Bind(tree, new FeatureTypeRegistry([.. BuiltInFeatureTypes.All, .. asPlugins]));
    }

    /// <summary>Compiled plans of a profile.</summary>
    public static DefinitionsPlan Plan(ProfileOptions options)
    {
        DefinitionsModel model = Model(options);
        DefinitionsSnapshot snapshot = DefinitionsCatalog.Assign(model, null, 0).Snapshot;
        return PlanCompiler.Compile(model, snapshot);
    }
}

/// <summary>What is measured.</summary>
internal sealed record ProfileOptions(string Name)
{
    /// <summary>Namespace of the run.</summary>
    public string Namespace { get; init; } = "bench";

    /// <summary>Topic of the source.</summary>
    public string Topic { get; init; } = "events";

    /// <summary>Shards of the entity.</summary>
    public int Shards { get; init; } = 8;

    /// <summary>True for event time as the clock.</summary>
    public bool IsEventClock { get; init; }

    /// <summary>Windows in HOCON; null for the profile's three.</summary>
    public string? Windows { get; init; }

    /// <summary>The trigger in HOCON.</summary>
    public string Trigger { get; init; } = "{ on = update, coalesce = 1s }";
}

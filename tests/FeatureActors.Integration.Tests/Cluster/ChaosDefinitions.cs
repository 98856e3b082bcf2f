namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>What the cluster computes during chaos: on the wall clock, windows short enough that values leave them meanwhile.</summary>
internal static class ChaosDefinitions
{
    /// <summary>Shards of each entity type.</summary>
    public static IReadOnlyDictionary<string, int> Shards { get; } = new Dictionary<string, int> { ["user"] = 8, ["item"] = 4 };

    public static string Text(string definitionsNamespace, string topic) => $$"""
        namespace = {{definitionsNamespace}}
        sources.events {
          topic = "{{topic}}"
          format = json
          event-time { field = ts, unit = ms }
          fields { u = string, i = string, c = string, v = long, ts = long }
        }
        entities {
          user { key = [string], shards = {{Shards["user"]}} }
          item { key = [string], shards = {{Shards["item"]}} }
        }
        groups {
          activity {
            entity = user, source = events, key = u
            features {
              n { type = count, windows = [{ size = 20s, slot = 1s, name = short }, { size = 2m, slot = 5s, name = long }, lifetime] }
              total { type = sum, of = v, windows = [{ size = 20s, slot = 1s, name = short }, lifetime] }
              largest { type = max, of = v, windows = [{ size = 20s, slot = 1s, name = short }] }
              kinds { type = count-map, key = c, max-keys = 100, windows = [{ size = 2m, slot = 5s, name = long }] }
            }
            triggers = [{ on = update, coalesce = 200ms }]
            idle-expiry = never
          }
          sales {
            entity = item, source = events, key = i
            features {
              n { type = count, windows = [{ size = 30s, slot = 1s, name = short }] }
              total { type = sum, of = v, windows = [{ size = 30s, slot = 1s, name = short }] }
            }
            triggers = [{ on = update, coalesce = 200ms }]
          }
        }
        """;
}

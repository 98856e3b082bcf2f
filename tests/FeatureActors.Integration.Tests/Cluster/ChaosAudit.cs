using System.Globalization;
using System.Text.Json;
using FeatureActors.Integration.Tests.Live;
using StackExchange.Redis;

namespace FeatureActors.Integration.Tests.Cluster;

/// <summary>
/// Compares Redis with a naive recomputation of everything in the topic: each key equals the values at its own <c>_t</c>, no value has
/// changed between <c>_t</c> and a moment ago, no key is missing and none is there without reason.
/// </summary>
internal sealed class ChaosAudit
{
    // Between a boundary and its value in Redis there may be the coalescing, a busy machine and the read itself.
    private const long LatenessMaxMs = 5_000;

    private readonly Dictionary<string, List<ChaosEvent>> _users;
    private readonly Dictionary<string, List<ChaosEvent>> _items;
    private readonly string _prefix;

    public ChaosAudit(IReadOnlyList<ChaosEvent> events, string definitionsNamespace)
    {
        _prefix = $"fa:{definitionsNamespace}:";
        _users = events.GroupBy(static e => e.User, StringComparer.Ordinal).ToDictionary(static g => g.Key, static g => g.ToList(), StringComparer.Ordinal);
        _items = events.GroupBy(static e => e.Item, StringComparer.Ordinal).ToDictionary(static g => g.Key, static g => g.ToList(), StringComparer.Ordinal);
    }

    /// <summary>Keys that Redis could hold.</summary>
    public int Keys => _users.Count + _items.Count;

    /// <summary>Null when all is right; else how many keys differ and the first of them.</summary>
    public async Task<string?> DifferenceAsync(LiveRedis redis)
    {
        List<string> differences = [];
        HashSet<string> known = [];
        foreach ((string group, Dictionary<string, List<ChaosEvent>> keys) in new[] { ("activity", _users), ("sales", _items) })
        {
            foreach (string[] part in keys.Keys.Chunk(500))
            {
                HashEntry[][] hashes = await Task.WhenAll(part.Select(k => redis.Database.HashGetAllAsync($"{_prefix}{group}:{k}")));
                long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
                for (int i = 0; i < part.Length; i++)
                {
                    known.Add($"{_prefix}{group}:{part[i]}");
                    if (Difference(group, keys[part[i]], hashes[i], now) is { } text)
                    {
                        differences.Add($"{group} {part[i]}: {text}");
                    }
                }
            }
        }

        differences.AddRange(redis.FeatureKeys().Where(k => !known.Contains(k)).Select(static k => $"{k} should not be there"));
        return differences.Count == 0 ? null : $"{differences.Count} of {known.Count} keys differ: {string.Join("; ", differences.Take(4))}";
    }

    private static string? Difference(string group, List<ChaosEvent> events, HashEntry[] hash, long now)
    {
        Dictionary<string, string> current = Expected(group, events, now - LatenessMaxMs);
        if (hash.Length == 0)
        {
            return current.Count == 0 ? null : $"missing, expected {Text(current)}";
        }

        Dictionary<string, string> fields = hash.Where(static h => !((string)h.Name!).StartsWith('_')).ToDictionary(static h => (string)h.Name!, static h => Canonical((string)h.Value!));
        long at = (long)hash.Single(static h => h.Name == "_t").Value;
        Dictionary<string, string> expected = Expected(group, events, at);
        if (Text(fields) != Text(expected))
        {
            return $"at its own _t {at} expected {Text(expected)}, actual {Text(fields)}, _v {hash.Single(static h => h.Name == "_v").Value}";
        }

        return at >= now - LatenessMaxMs || Text(expected) == Text(current) ? null : $"of {at}, since {now - at} ms it should be {Text(current)}, actual {Text(fields)}";
    }

    /// <summary>The fields at a time; none when the key should not be there.</summary>
    private static Dictionary<string, string> Expected(string group, List<ChaosEvent> events, long t)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        if (group == "sales")
        {
            List<ChaosEvent> half = In(events, t, 30_000, 1_000);
            if (half.Count > 0)
            {
                fields["n:short"] = Number(half.Count);
                fields["total:short"] = Number(half.Sum(static e => e.Value));
            }

            return fields;
        }

        List<ChaosEvent> few = In(events, t, 20_000, 1_000);
        List<ChaosEvent> many = In(events, t, 120_000, 5_000);
        fields["n:short"] = Number(few.Count);
        fields["n:long"] = Number(many.Count);
        fields["n:lifetime"] = Number(events.Count);
        fields["total:short"] = Number(few.Sum(static e => e.Value));
        fields["total:lifetime"] = Number(events.Sum(static e => e.Value));
        if (few.Count > 0)
        {
            fields["largest:short"] = Number(few.Max(static e => e.Value));
        }

        if (many.Count > 0)
        {
            fields["kinds:long"] = Canonical(JsonSerializer.Serialize(many.CountBy(static e => e.Kind).ToDictionary(StringComparer.Ordinal)));
        }

        return fields;
    }

    /// <summary>ARCHITECTURE section 4: the whole slots with floor((T − W)/r)·r ≤ start ≤ floor(T/r)·r.</summary>
    private static List<ChaosEvent> In(List<ChaosEvent> events, long t, long size, long slot) =>
        [.. events.Where(e => (e.TimeMs / slot) >= ((t - size) / slot) && (e.TimeMs / slot) <= (t / slot))];

    // The order of a map's keys is not promised.
    private static string Canonical(string value) => value.StartsWith('{')
        ? string.Join(',', JsonSerializer.Deserialize<Dictionary<string, long>>(value)!.OrderBy(static e => e.Key, StringComparer.Ordinal).Select(static e => $"{e.Key}={e.Value}"))
        : value;

    private static string Text(Dictionary<string, string> fields) =>
        string.Join(' ', fields.OrderBy(static f => f.Key, StringComparer.Ordinal).Select(static f => $"{f.Key}={f.Value}"));

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}

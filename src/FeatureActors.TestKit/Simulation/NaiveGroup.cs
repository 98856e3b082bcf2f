using System.Globalization;

namespace FeatureActors.TestKit.Simulation;

/// <summary>A group of the naive model.</summary>
internal sealed record NaiveGroup(string Name, Func<SimulatedEvent, bool> Where, IReadOnlyList<NaiveFeature> Features, long IdleMs, long IdleSlotMs)
{
    private Dictionary<string, NaiveFeature>? _byField;

    /// <summary>Triggers that look at values.</summary>
    public IReadOnlyList<NaiveTrigger> ValueTriggers { get; init; } = [];

    /// <summary>True when only values and exits decide about a write, so that a change may stay unwritten.</summary>
    public bool IsHeld { get; init; }

    /// <summary>Most milliseconds by which exits and timers are put off.</summary>
    public long JitterMs { get; init; }

    /// <summary>True when something is kept that no window takes away.</summary>
    public bool HasLife => Features.Any(static f => f.Windows.Any(static w => w.IsForLife));

    public bool HasAgeing => Features.Any(static f => f.IsAgeing);

    public long IdleExit(long lastMs) => IdleMs == long.MaxValue || lastMs == long.MinValue
        ? long.MaxValue
        : NaiveWindow.Floor(lastMs, IdleSlotMs) + IdleMs + IdleSlotMs;

    /// <summary>True when both have the same fields with the same values, as exactly as each type promises.</summary>
    public bool AreSame(IReadOnlyDictionary<string, string> expected, IReadOnlyDictionary<string, string> found, bool hasAgeing = true)
    {
        _byField ??= Features.SelectMany(static f => f.Windows.Select(w => (w.Field, f))).ToDictionary(StringComparer.Ordinal);
        return expected.All(e => IsSame(e.Key, e.Value, found.GetValueOrDefault(e.Key)))
            && found.All(f => expected.ContainsKey(f.Key) || IsSame(f.Key, null, f.Value));

        bool IsSame(string field, string? a, string? b) =>
            field.StartsWith('_') || (_byField[field] is var feature && ((feature.IsAgeing && !hasAgeing) || AreSame(feature, a, b)));
    }

    private static bool AreSame(NaiveFeature feature, string? expected, string? found)
    {
        if (expected == found || expected == NaiveFeature.Anything || found == NaiveFeature.Anything)
        {
            return true;
        }

        return double.TryParse(expected, NumberStyles.Float, CultureInfo.InvariantCulture, out double a)
            && double.TryParse(found, NumberStyles.Float, CultureInfo.InvariantCulture, out double b)
            && Math.Abs(a - b) <= (feature.Tolerance * Math.Max(Math.Abs(a), Math.Abs(b))) + feature.Slack;
    }
}

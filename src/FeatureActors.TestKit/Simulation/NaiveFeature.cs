namespace FeatureActors.TestKit.Simulation;

/// <summary>A feature of the naive model.</summary>
internal sealed record NaiveFeature(string Name, string Type, Func<SimulatedEvent, bool> Where, IReadOnlyList<NaiveWindow> Windows)
{
    /// <summary>Values of which nothing is said: the definitions leave them open.</summary>
    public const string Anything = "?";

    public const double Epsilon = 1e-6;

    /// <summary>Entries of a list, or ranks.</summary>
    public int Count { get; init; } = 1;

    public long GapMs { get; init; }

    /// <summary>How session-duration sums up.</summary>
    public string By { get; init; } = "mean";

    public long HalfLifeMs { get; init; }

    /// <summary>The features that a ratio or a derived value reads.</summary>
    public IReadOnlyList<NaiveFeature> Reads { get; init; } = [];

    public bool IsComputed => Type is "ratio" or "derived";

    /// <summary>True for the type whose value changes with T alone.</summary>
    public bool IsAgeing => HalfLifeMs > 0;

    /// <summary>Time between evaluations of what changes with T alone.</summary>
    public long AgeingStepMs => Math.Max(1_000, HalfLifeMs / 8);

    /// <summary>True for numbers that a ratio, a derived value or a trigger may read.</summary>
    public bool IsNumber => Type is "count" or "sum" or "avg" or "min" or "max";

    /// <summary>Share by which the value in the sink may be off.</summary>
    public double Tolerance => Type == "quantile" ? 0.01 * (1 + 1e-9) : 1e-9;

    /// <summary>Amount by which the value in the sink may be off: what was forgotten below epsilon.</summary>
    public double Slack => IsAgeing ? 2 * Epsilon : 0;

    public bool Accepts(SimulatedEvent e) => !IsComputed && Where(e) && Type switch
    {
        "count" or "rate" or "decayed-sum" or "session-count" or "session-duration" => true,
        "sum" or "avg" or "min" or "max" or "variance" or "stddev" or "quantile" or "histogram" or "convert" => e.Value is not null,
        "sum-map" or "map-of-lists" => e.Value is not null && e.Category is not null,
        _ => e.Category is not null,
    };

    /// <summary>True when a row of this time is taken at all.</summary>
    public bool CanHold(long timeMs, long nowMs, bool isYoung) =>
        IsAgeing || Windows.Any(w => w.IsForLife ? isYoung : w.CanHold(timeMs, nowMs));
}

using System.Globalization;
using System.Text;

namespace FeatureActors.Histories.Tests.Model;

/// <summary>A feature: what the definitions say of it, and what the naive evaluator reads.</summary>
internal sealed record FeatureSpec
{
    public required string Name { get; init; }

    public required string Type { get; init; }

    public Column? Of { get; init; }

    /// <summary>Parts of the sub-key.</summary>
    public IReadOnlyList<Column> Keys { get; init; } = [];

    /// <summary><c>key</c> or <c>by</c>: how a list of parts is written.</summary>
    public string KeySetting { get; init; } = "key";

    public Filter? Where { get; init; }

    public IReadOnlyList<WindowSpec> Windows { get; init; } = [];

    public int N { get; init; } = 1;

    /// <summary><c>true</c>, <c>first</c>, <c>last</c>, or null.</summary>
    public string? Distinct { get; init; }

    public IReadOnlyList<Column> With { get; init; } = [];

    public bool BySum { get; init; }

    public bool IsBottom { get; init; }

    public int? MaxKeys { get; init; }

    public bool IsSample { get; init; }

    public long? PerMs { get; init; }

    public long HalfLifeMs { get; init; }

    public double? Epsilon { get; init; }

    public IReadOnlyList<double> Quantiles { get; init; } = [];

    public bool IsQuantileList { get; init; }

    public double? Error { get; init; }

    public IReadOnlyList<long> Bounds { get; init; } = [];

    public long GapMs { get; init; }

    public string? DurationBy { get; init; }

    public int? Precision { get; init; }

    /// <summary>An expression over the row (convert), or over other features (derived).</summary>
    public string? Expression { get; init; }

    public Func<HistoryRow, object?>? Convert { get; init; }

    /// <summary>A derived value from the numbers of <see cref="Reads"/>; null where one is absent.</summary>
    public Func<double?[], object?>? Derive { get; init; }

    /// <summary>Features that a ratio or a derived value reads.</summary>
    public IReadOnlyList<FeatureSpec> Reads { get; init; } = [];

    public double? Prior { get; init; }

    public double? PriorWeight { get; init; }

    public bool IsComputed => Type is "ratio" or "derived";

    /// <summary>True when the value changes with T alone.</summary>
    public bool IsAgeing => Type == "decayed-sum" || Reads.Any(static r => r.IsAgeing);

    /// <summary>True for a type without windows that keeps state.</summary>
    public bool IsBare => Type is "latest" or "convert" or "decayed-sum";

    public bool IsKeyed => Type is "count-map" or "sum-map" or "top-k" or "map-of-lists";

    /// <summary>True for types that take retractions.</summary>
    public bool IsInvertible => Type is "count" or "sum" or "avg" or "variance" or "stddev" or "rate" or "decayed-sum" or "quantile" or "histogram"
        or "count-map" or "sum-map" or "top-k" or "custom:pair";

    /// <summary>True when a ratio or a derived value can read it and be compared exactly enough.</summary>
    public bool IsNumber => Type is "count" or "rate" or "session-count" or "ratio" || (Type == "latest" && Of!.IsNumber)
        || (Type is "sum" or "avg" or "min" or "max" && Of!.IsNumber)
        || (Type == "derived" && Expression!.StartsWith("COALESCE", StringComparison.Ordinal));

    public bool Accepts(HistoryRow row) =>
        (Where is null || Where.Holds(row)) && (Of is null || Of.Get(row) is not null) && Keys.All(k => k.Get(row) is not null)
        && (Convert is null || Convert(row) is not null);

    public string Hocon()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Name} {{ type = {(Type.Contains(':', StringComparison.Ordinal) ? Quoted(Type) : Type)}");
        Add(text, "of", Of is null ? null : Quoted(Of.Text));
        Add(text, KeySetting, Keys.Count switch { 0 => null, 1 => Quoted(Keys[0].Text), _ => $"[{string.Join(", ", Keys.Select(static k => Quoted(k.Text)))}]" });
        Add(text, "n", (N == 1 && Type != "map-of-lists") || Type == "top-k" ? null : N.ToString(CultureInfo.InvariantCulture));
        Add(text, "distinct", Type == "distinct" ? null : Distinct);
        Add(text, "with", With.Count == 0 ? null : $"[{string.Join(", ", With.Select(static k => Quoted(k.Text)))}]");
        Add(text, "k", Type == "top-k" ? N.ToString(CultureInfo.InvariantCulture) : null);
        Add(text, "by", Type == "top-k" ? BySum ? "sum" : "count" : DurationBy);
        Add(text, "order", IsBottom ? "bottom" : null);
        Add(text, "max-keys", MaxKeys?.ToString(CultureInfo.InvariantCulture));
        Add(text, "sample", IsSample ? "true" : null);
        Add(text, "per", PerMs is { } per ? Ms(per) : null);
        Add(text, "half-life", HalfLifeMs == 0 ? null : Ms(HalfLifeMs));
        Add(text, "epsilon", Epsilon?.ToString("R", CultureInfo.InvariantCulture));
        Add(text, "q", Quantiles.Count == 0 ? null : IsQuantileList ? $"[{string.Join(", ", Quantiles.Select(static q => q.ToString("R", CultureInfo.InvariantCulture)))}]" : Quantiles[0].ToString("R", CultureInfo.InvariantCulture));
        Add(text, "error", Error?.ToString("R", CultureInfo.InvariantCulture));
        Add(text, "bounds", Bounds.Count == 0 ? null : $"[{string.Join(", ", Bounds)}]");
        Add(text, "gap", GapMs == 0 ? null : Ms(GapMs));
        Add(text, "precision", Precision?.ToString(CultureInfo.InvariantCulture));
        Add(text, "expr", Expression is null ? null : Quoted(Expression));
        if (Type == "ratio")
        {
            Add(text, "numerator", Reads[0].Name);
            Add(text, "denominator", Reads[1].Name);
            Add(text, "prior", Prior?.ToString("R", CultureInfo.InvariantCulture));
            Add(text, "prior-weight", PriorWeight?.ToString("R", CultureInfo.InvariantCulture));
        }

        Add(text, "where", Where is null ? null : Quoted(Where.Sql));
        if (!IsComputed && !IsBare)
        {
            // A series is one entry that gives several windows.
            Add(text, "windows", $"[{string.Join(", ", Windows.Select(static w => w.Hocon).Where(static h => h.Length > 0))}]");
        }

        return text.Append(" }").ToString();
    }

    public static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    public static string Ms(long ms) => string.Create(CultureInfo.InvariantCulture, $"{ms}ms");

    private static void Add(StringBuilder text, string key, string? value)
    {
        if (value is not null)
        {
            text.Append(CultureInfo.InvariantCulture, $", {key} = {value}");
        }
    }
}

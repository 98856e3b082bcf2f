using System.Globalization;
using System.Text;

namespace FeatureActors.Histories.Tests.Model;

/// <summary>The one group of a history.</summary>
internal sealed record GroupSpec
{
    public required IReadOnlyList<FeatureSpec> Features { get; init; }

    public Filter? Where { get; init; }

    /// <summary><see cref="long.MaxValue"/> for never, 0 when the definitions state none.</summary>
    public long IdleMs { get; init; }

    public required TriggerSpec Trigger { get; init; }

    public bool HasIds { get; init; }

    public bool HasRetractions { get; init; }

    public string Hocon()
    {
        var text = new StringBuilder();
        text.AppendLine("namespace = h");
        text.Append("sources.s { topic = s, format = json, event-time { field = ts, unit = ms }, max-future = 1m");
        text.Append(HasIds ? ", event-id { field = id, keep = 90d, max = 100000 }" : "");
        text.AppendLine(HasRetractions ? ", retract = \"op = 'd'\"" : "");
        text.AppendLine("  fields { k = string, ts = long, op = string, a = string, v = long, d = double, m = decimal, l = long, c = string, u = string, id = string } }");
        text.AppendLine("entities.e { key = [string], shards = 1 }");
        text.Append("groups.g { entity = e, source = s, key = k");
        text.Append(Where is null ? "" : $", where = {FeatureSpec.Quoted(Where.Sql)}");
        text.AppendLine(IdleMs switch { 0 => "", long.MaxValue => ", idle-expiry = never", _ => $", idle-expiry = {FeatureSpec.Ms(IdleMs)}" });
        text.AppendLine("  features {");
        foreach (FeatureSpec feature in Features)
        {
            text.Append("    ").AppendLine(feature.Hocon());
        }

        text.Append("  }\n  triggers = [").Append(Trigger.Hocon).AppendLine("]").AppendLine("}");
        return text.ToString();
    }
}

/// <summary>When a changed group is evaluated.</summary>
/// <param name="Kind"><c>update</c>, <c>timer</c>, <c>expiry</c>, <c>change</c> or <c>when</c>.</param>
/// <param name="Hocon">As definitions write it.</param>
/// <param name="Ms">Coalesce time or period.</param>
internal sealed record TriggerSpec(string Kind, string Hocon, long Ms)
{
    /// <summary>The field that a value trigger reads.</summary>
    public string? Field { get; init; }

    /// <summary>Least change that is written; with <see cref="IsRelative"/> a part of the value written last.</summary>
    public double By { get; init; }

    public bool IsRelative { get; init; }

    /// <summary>True for triggers that write only when the values say so.</summary>
    public bool IsOfValue => Kind is "change" or "when";

    public static TriggerSpec Update(long coalesceMs) =>
        new("update", string.Create(CultureInfo.InvariantCulture, $"{{ on = update, coalesce = {coalesceMs}ms }}"), coalesceMs);

    public static TriggerSpec Timer(long periodMs) =>
        new("timer", string.Create(CultureInfo.InvariantCulture, $"{{ on = timer, every = {periodMs}ms }}"), periodMs);

    public static TriggerSpec Change(string field, double by, bool isRelative, long coalesceMs) => new(
        "change",
        string.Create(CultureInfo.InvariantCulture, $"{{ on = change, of = \"{field}\", by = {(isRelative ? $"{by * 100:0.##}%" : by)}, coalesce = {coalesceMs}ms }}"),
        coalesceMs)
    {
        Field = field,
        By = by,
        IsRelative = isRelative,
    };

    /// <summary>Writes when the field rises above <paramref name="above"/>.</summary>
    public static TriggerSpec When(string field, double above, long coalesceMs) => new(
        "when",
        string.Create(CultureInfo.InvariantCulture, $"{{ on = when, expr = \"\\\"{field}\\\" > {above}\", coalesce = {coalesceMs}ms }}"),
        coalesceMs)
    {
        Field = field,
        By = above,
    };

    public static TriggerSpec Expiry { get; } = new("expiry", "", 0);
}

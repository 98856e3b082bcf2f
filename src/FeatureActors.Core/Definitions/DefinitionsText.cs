using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>Writes a model as definitions with every default stated, so that a later default changes nothing that was applied.</summary>
internal static class DefinitionsText
{
    public static string Of(DefinitionsModel model)
    {
        var text = new Writer();
        text.Line($"namespace = {Q(model.Namespace)}");
        text.Line($"clock = {(model.Clock == ClockKind.Event ? "event" : "wall")}");
        text.Block("sources", () => Each(model.Sources, s => text.Block(s.Name, () => Source(text, s))));
        text.Block("entities", () => Each(model.Entities, e => text.Block(e.Name, () =>
        {
            text.Line($"key = [{string.Join(", ", e.Key.Select(FieldTypeWords.Of))}]");
            text.Line($"shards = {e.Shards}");
        })));
        text.Block("groups", () => Each(model.Groups, g => text.Block(g.Name, () => Group(text, g))));
        return text.ToString();
    }

    private static void Source(Writer text, SourceDefinition source)
    {
        text.Line($"topic = {Q(source.Topic)}");
        text.Line($"format = {(source.Custom is { } custom ? Q(custom.Name) : source.Format == EventFormat.Csv ? "csv" : "json")}");
        if (source.Custom is { Settings: { } options } && options.Any(static s => s.IsStated))
        {
            text.Line($"format-options {{ {Settings(options)} }}");
        }

        if (source.Csv is { } csv)
        {
            text.Block("csv", () =>
            {
                text.Line($"delimiter = {Q(csv.Delimiter.ToString())}");
                text.Line($"columns = [{string.Join(", ", csv.Columns.Select(Q))}]");
                text.Line($"header = {(csv.HasHeader ? "true" : "false")}");
            });
        }

        text.Line($"event-time {{ field = {Q(source.EventTime.Field)}, unit = {SourceBinder.UnitWord(source.EventTime.Unit)} }}");
        text.Line($"max-future = {ConfigDuration.Format(source.MaxFutureMs)}");
        text.Line($"future = {(source.ClampFuture ? "clamp" : "dead-letter")}");
        if (source.EventId is { } id)
        {
            text.Line($"event-id {{ field = {Q(id.Field)}, keep = {ConfigDuration.Format(id.KeepMs)}, max = {id.Max} }}");
        }

        if (source.Retract is { } retract)
        {
            text.Line($"retract = {Q(retract.CanonicalText)}");
        }

        text.Line($"max-event-bytes = {source.MaxEventBytes}");
        text.Block("fields", () => Each(source.Fields, f => text.Line($"{Q(f.Name)} = {FieldTypeWords.Of(f.Type)}")));
        if (source.Lookups.Count > 0)
        {
            text.Block("lookups", () => Each(source.Lookups, l => text.Line($"{l.Name} {{ {Lookup(l)} }}")));
        }
    }

    private static string Lookup(LookupDefinition lookup)
    {
        string columns = string.Join(", ", lookup.Columns.Select(static c => Q(c.Name)));
        string settings = Settings(lookup.Settings);
        return $"type = {Q(lookup.Type)}, key = {Q(lookup.KeyField)}, columns = [{columns}]{(settings.Length == 0 ? "" : ", " + settings)}";
    }

    private static string Settings(IEnumerable<FeatureSetting> settings) =>
        string.Join(", ", settings.Where(static s => s.IsStated).Select(static s => $"{Q(s.Key)} = {s.Text}"));

    private static void Group(Writer text, GroupDefinition group)
    {
        text.Line($"entity = {group.Entity}");
        text.Line("from = [");
        foreach (FeedDefinition feed in group.Feeds)
        {
            string where = feed.Where is null ? "" : $", where = {Q(feed.Where.CanonicalText)}";
            text.Line($"  {{ source = {feed.Source}, key = [{string.Join(", ", feed.KeyFields.Select(Q))}]{where} }}");
        }

        text.Line("]");
        text.Block("features", () =>
        {
            Each(group.Features, f => text.Line($"{f.Name} {{ {Feature(f)} }}"));
            Each(group.Derived, d => text.Line($"{d.Name} {{ {Derived(d)} }}"));
        });
        text.Line($"triggers = [{string.Join(", ", group.Triggers.Select(t => t.ToText()))}]");
        text.Line($"late = {(group.Late == LatePolicy.Drop ? "drop" : "dead-letter")}");
        text.Line($"margin = {ConfigDuration.Format(group.MarginMs)}");
        if (group.JitterMs > 0)
        {
            text.Line($"jitter = {ConfigDuration.Format(group.JitterMs)}");
        }

        if (group.IsPacked)
        {
            text.Line("form = packed");
        }

        if (group.StatedIdleExpiryMs is { } idle)
        {
            text.Line($"idle-expiry = {(idle == long.MaxValue ? "never" : ConfigDuration.Format(idle))}");
        }
    }

    private static string Feature(FeatureDefinition feature)
    {
        var parts = new List<string> { $"type = {Q(feature.Type)}" };
        parts.AddRange(feature.Settings.Where(s => s.IsStated).Select(s => $"{Q(s.Key)} = {s.Text}"));
        if (feature.Where is not null)
        {
            parts.Add($"where = {Q(feature.Where.CanonicalText)}");
        }

        if (!feature.IsUnwindowed)
        {
            parts.Add($"windows = [{string.Join(", ", feature.Windows.Select(Window))}]");
        }

        return string.Join(", ", parts);
    }

    // A window of a derived feature is found by its name, among those of what it reads.
    private static string Derived(DerivedDefinition derived)
    {
        string windows = derived.WindowNames.Count == 0 ? "" : $", windows = [{string.Join(", ", derived.WindowNames.Select(Q))}]";
        return derived switch
        {
            RatioDefinition ratio => FormattableString.Invariant(
                $"type = ratio, numerator = {Q(ratio.Numerator)}, denominator = {Q(ratio.Denominator)}, prior = {ratio.Prior:R}, prior-weight = {ratio.PriorWeight:R}{windows}"),
            FormulaDefinition formula => $"type = derived, expr = {Q(formula.FormulaText)}{windows}",
            _ => throw new ArgumentOutOfRangeException(nameof(derived), derived, null),
        };
    }

    private static string Window(FeatureWindow window)
    {
        string name = window.Name == window.DefaultName ? "" : $", name = {Q(window.Name)}";
        return window switch
        {
            { IsLifetime: true } => name.Length == 0 ? SlidingWindow.LifetimeWord : $"{{ size = {SlidingWindow.LifetimeWord}{name} }}",
            TumblingWindow tumbling => Tumbling(tumbling, name),
            SessionWindow session => $"{{ session = {ConfigDuration.Format(session.GapMs)}, lateness = {ConfigDuration.Format(session.LatenessMs)}{name} }}",
            LastRowsWindow rows => FormattableString.Invariant($"{{ last = {rows.Count}{name} }}"),
            SlidingWindow sliding => Sliding(sliding, name),
            _ => throw new ArgumentOutOfRangeException(nameof(window), window, null),
        };
    }

    private static string Tumbling(TumblingWindow window, string name)
    {
        string zone = window.Periods is CalendarPeriods calendar ? $", zone = {Q(calendar.Zone)}" : "";
        string back = window.Back == 0 ? "" : FormattableString.Invariant($", back = {window.Back}");
        string periods = window.Periods is TablePeriods table ? Q(table.Name) + table.SettingsText : window.Periods.Word;
        return $"{{ tumbling = {periods}{zone}{back}{name} }}";
    }

    private static string Sliding(SlidingWindow window, string name)
    {
        string offset = window.OffsetMs == 0 ? "" : $", offset = {ConfigDuration.Format(window.OffsetMs)}";

        // A slot wider than its window comes only from the default of very short windows and cannot be stated.
        string slot = window.SlotMs > window.SizeMs ? "" : $", slot = {ConfigDuration.Format(window.SlotMs)}";
        return $"{{ size = {ConfigDuration.Format(window.SizeMs)}{slot}{offset}{name} }}";
    }

    private static string Q(string text) => HoconText.Quote(text);

    private static void Each<T>(IReadOnlyList<T> items, Action<T> write)
    {
        foreach (T item in items)
        {
            write(item);
        }
    }

    private sealed class Writer
    {
        private readonly StringBuilder _text = new();
        private int _depth;

        public void Line(FormattableString line) => Line(line.ToString(CultureInfo.InvariantCulture));

        public void Line(string line) => _text.Append(' ', _depth * 2).Append(line).Append('\n');

        public void Block(string name, Action content)
        {
            Line(name + " {");
            _depth++;
            content();
            _depth--;
            Line("}");
        }

        public override string ToString() => _text.ToString();
    }
}

using System.Globalization;
using System.Text;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Triggers;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Definitions;

/// <summary>What <c>fa plan</c> shows: the definitions as understood, what they cost at most, and what applying them would change.</summary>
public sealed partial class PlanReport
{
    // A bound beyond a petabyte says no more than that there is none; capped, the sums over features stay in a long.
    private const long BytesShownMax = 1_000_000_000_000_000;

    private readonly DefinitionsModel _model;
    private readonly DefinitionsAssignment _assignment;
    private readonly List<GroupReport> _groups;

    private PlanReport(DefinitionsModel model, DefinitionsAssignment assignment)
    {
        _model = model;
        _assignment = assignment;
        _groups = [.. model.Entities.SelectMany(e => model.GroupsOf(e.Name)).Select(g => ReportOf(g, assignment.Snapshot))];
    }

    /// <summary>The report of <paramref name="model"/> with the numbers it would have.</summary>
    public static PlanReport Of(DefinitionsModel model, DefinitionsAssignment assignment)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(assignment);
        return new PlanReport(model, assignment);
    }

    /// <summary>The report as text for a terminal.</summary>
    public string ToText()
    {
        var text = new StringBuilder();
        string clock = _model.Clock == ClockKind.Event ? "event" : "wall";
        Add(text, $"namespace {_model.Namespace}, version {_assignment.Snapshot.Version}, clock {clock}");
        foreach (EntityDefinition entity in _model.Entities)
        {
            Add(text, $"entity {entity.Name}: key [{Words(entity)}], {entity.Shards} shards");
            foreach (GroupReport group in _groups.Where(g => g.Definition.Entity == entity.Name))
            {
                WriteGroup(text, group);
            }
        }

        WriteChanges(text);
        return text.ToString();
    }

    private static GroupReport ReportOf(GroupDefinition group, DefinitionsSnapshot snapshot)
    {
        var features = new List<FeatureReport>();
        foreach (FeatureDefinition feature in group.Features)
        {
            features.AddRange(WindowFamily.Of(feature.Windows).Select(family => ReportOf(group, feature, family, snapshot)));
        }

        return new GroupReport(group, features);
    }

    private static FeatureReport ReportOf(
        GroupDefinition group, FeatureDefinition feature, WindowFamily family, DefinitionsSnapshot snapshot)
    {
        AssignedNumber number = snapshot.Numbers.First(n => n is { Kind: NumberKind.Feature, IsLive: true }
            && n.Entity == group.Entity && n.Name == DefinitionsCatalog.FeatureName(group, feature, family));
        var timeline = new SlotTimeline(family.Windows);
        long slots = timeline.SlotsMax();
        Int128 payload = (Int128)feature.Aggregate.PayloadBytesMax + timeline.HiddenBytes;
        Int128 bytes = (slots * payload) + feature.Aggregate.SharedBytesMax;
        return new FeatureReport(
            feature with { Windows = family.Windows }, number, timeline, slots, (long)Int128.Min(bytes, BytesShownMax));
    }

    private static string Words(EntityDefinition entity) => string.Join(", ", entity.Key.Select(FieldTypeWords.Of));

    private void WriteGroup(StringBuilder text, GroupReport group)
    {
        GroupDefinition definition = group.Definition;
        Add(text, $"  group {definition.Name}");
        foreach (FeedDefinition feed in definition.Feeds)
        {
            string where = feed.Where is null ? "" : $", where {feed.Where.CanonicalText}";
            string retract = _model.Source(feed.Source).Retract is { } condition ? $", takes back where {condition.CanonicalText}" : "";
            Add(text, $"    from {feed.Source}, key [{string.Join(", ", feed.KeyFields)}]{where}{retract}");
        }

        string late = definition.Late == LatePolicy.Drop ? "drop" : "dead-letter";
        Add(text, $"    triggers {Triggers(definition)}; late {late}; margin {ConfigDuration.Format(definition.MarginMs)}{Jitter(definition)}{(definition.IsPacked ? "; packed" : "")}");
        if (IdleText(definition) is { } idle)
        {
            Add(text, $"    {idle}");
        }

        foreach (FeatureReport feature in group.Features)
        {
            WriteFeature(text, feature);
        }

        foreach (DerivedDefinition derived in definition.Derived)
        {
            string windows = derived.WindowNames.Count == 0 ? "" : $" over {string.Join(", ", derived.WindowNames)}";
            Add(text, $"    {derived.Name} = {derived.FormulaText}{windows}; no state");
        }

        Add(text, $"    at most {Bytes(group.BytesMax)} per key");
    }

    private static void WriteFeature(StringBuilder text, FeatureReport feature)
    {
        FeatureDefinition definition = feature.Definition;
        string settings = string.Concat(definition.Settings.Select(s => $", {s.Key} = {s.Text}"));
        string where = definition.Where is null ? "" : $", where {definition.Where.CanonicalText}";
        Add(text, $"    {definition.Name} #{feature.Number.Number}: {definition.Type}{settings}{where}");
        foreach (FeatureWindow window in definition.Windows)
        {
            Add(text, $"      {WindowText(definition, window)}{Warming(feature, window)}");
        }

        if (feature.Warning is { } warning)
        {
            Add(text, $"      warning: {warning}");
        }

        Add(text, $"      accuracy: {feature.Accuracy}; retractions: {(feature.IsInvertible ? "exact" : "refused")}");
        string kept = feature.RetentionMs is { } ms ? ConfigDuration.Format(ms)
            : definition.EndsByItself ? "until it has faded" : "until the key is forgotten";
        Add(text, $"      kept {kept}, at most {feature.SlotsMax} slots, {Bytes(feature.BytesMax)} per key");
        Add(text, $"      a row writes one slot, an evaluation reads at most {feature.SlotsMax}");
    }

    private static string WindowText(FeatureDefinition feature, FeatureWindow window)
    {
        if (feature.IsUnwindowed)
        {
            return "no window";
        }

        if (window.IsLifetime)
        {
            return $"window {window.Name}: everything since the key was first seen";
        }

        return $"window {window.Name}: " + window switch
        {
            TumblingWindow tumbling => TumblingText(tumbling),
            SessionWindow session => $"the session that a pause of {ConfigDuration.Format(session.GapMs)} ends, rows up to {ConfigDuration.Format(session.LatenessMs)} late",
            LastRowsWindow rows => string.Create(CultureInfo.InvariantCulture, $"the {rows.Count} newest rows"),
            SlidingWindow sliding => SlidingText(sliding),
            _ => window.Text,
        };
    }

    private static string SlidingText(SlidingWindow window)
    {
        string slot = ConfigDuration.Format(window.SlotMs);
        string offset = window.OffsetMs == 0 ? "" : $", ending {ConfigDuration.Format(window.OffsetMs)} ago";
        return $"slot {slot}, never less than {ConfigDuration.Format(window.SizeMs)}, at most {slot} more{offset}";
    }

    private static string TumblingText(TumblingWindow window)
    {
        string periods = window.Periods is CalendarPeriods calendar
            ? $"the {calendar.Word} in {calendar.Zone}"
            : window.Periods is TablePeriods table ? $"the period of {table.Name}"
            : $"the {window.Periods.Word} from a multiple of it";
        return window.Back == 0 ? $"{periods} that contains T" : string.Create(CultureInfo.InvariantCulture, $"{periods} {window.Back} before the one that contains T");
    }

    private static string Warming(FeatureReport feature, FeatureWindow window) =>
        WindowHistory.WarmAtMs(feature.Number.Windows, window) switch
        {
            long.MinValue => "",
            long.MaxValue => "; warming for good: what came before is not in it",
            _ when window is LastRowsWindow rows => string.Create(CultureInfo.InvariantCulture, $"; warming until {rows.Count} rows are newer than the window"),
            long at => string.Create(
                CultureInfo.InvariantCulture, $"; warming until {DateTimeOffset.FromUnixTimeMilliseconds(at):yyyy-MM-dd'T'HH:mm:ss'Z'}"),
        };

    private static string? IdleText(GroupDefinition group)
    {
        bool needsIdle = group.Features.Any(f => !f.EndsByItself && f.Windows.Any(w => w.IsEndless));
        return !needsIdle ? null
            : group.Idle is not { } idle ? "idle keys are never forgotten"
            : $"idle keys are forgotten after {ConfigDuration.Format(idle.HoldsMs)} (at most {ConfigDuration.Format(idle.ReachMs - idle.HoldsMs)} more)";
    }

    private string Jitter(GroupDefinition group) => group.JitterMs == 0 ? ""
        : _model.Clock == ClockKind.Event ? "; jitter off: the clock is event"
        : $"; jitter up to {ConfigDuration.Format(JitterBound.Of(group))}";

    private static string Triggers(GroupDefinition group) =>
        string.Join(", ", group.Triggers.Select(TriggerText).Append("expiry"));

    private static string TriggerText(TriggerDefinition definition) => definition.Trigger switch
    {
        UpdateTrigger update => $"update within {ConfigDuration.Format(update.CoalesceMs)}",
        TimerTrigger timer => $"timer every {ConfigDuration.Format(timer.EveryMs)}",
        _ => $"{definition.On} ({string.Join(", ", definition.Settings.Select(s => $"{s.Key} = {s.Text}"))})",
    };

    private void WriteChanges(StringBuilder text)
    {
        DefinitionsChange[] changes = [.. _assignment.Changes.Where(c => c.Change != DefinitionsChangeKind.Unchanged)];
        int unchanged = _assignment.Changes.Count - changes.Length;
        Add(text, $"changes: {(changes.Length == 0 ? "none" : "")}{(unchanged == 0 ? "" : $" ({unchanged} unchanged)")}".TrimEnd());
        foreach (DefinitionsChange change in changes)
        {
            string detail = change.Detail.Length == 0 ? "" : ": " + change.Detail;
            string needs = change.Change == DefinitionsChangeKind.Reset ? " [needs --accept-reset]" : "";
            string number = change.Number is { } n ? $" #{n}" : "";
            Add(text, $"  {ChangeWord(change.Change)} {change.Entity}/{change.Name}{number}{detail}{needs}");
        }
    }

    private static string ChangeWord(DefinitionsChangeKind change) => change switch
    {
        DefinitionsChangeKind.Added => "added",
        DefinitionsChangeKind.Removed => "removed",
        DefinitionsChangeKind.Reset => "reset",
        DefinitionsChangeKind.WindowAdded => "window added",
        DefinitionsChangeKind.WindowWarming => "window warming",
        DefinitionsChangeKind.WindowRemoved => "window removed",
        DefinitionsChangeKind.Refused => "refused",
        DefinitionsChangeKind.Changed => "changed",
        _ => "unchanged",
    };

    private static string Bytes(long bytes) => bytes switch
    {
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1000.0:0.#} kB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1_000_000.0:0.#} MB"),
    };

    private static void Add(StringBuilder text, FormattableString line) =>
        Add(text, line.ToString(CultureInfo.InvariantCulture));

    private static void Add(StringBuilder text, string line) => text.Append(line).Append('\n');

    private sealed record GroupReport(GroupDefinition Definition, List<FeatureReport> Features)
    {
        public long BytesMax => Features.Sum(f => f.BytesMax);
    }

    private sealed record FeatureReport(
        FeatureDefinition Definition, AssignedNumber Number, SlotTimeline Timeline, long SlotsMax, long BytesMax)
    {
        /// <summary>How far a value may be from the true one; above its caps a value is flagged instead.</summary>
        public string Accuracy => Definition.Aggregate.Accuracy ?? "exact";

        /// <summary>True when the state takes a row back; sessions and last rows do not, whatever their type.</summary>
        public bool IsInvertible => (Definition.Aggregate.Traits & FeatureTraits.Invertible) != 0
            && Definition.Windows.All(static w => w.Kind is not (WindowKind.Session or WindowKind.LastRows));

        public long? RetentionMs => Timeline.IsEndless ? null : Timeline.Longest.ReachMs;

        /// <summary>Widths that do not divide each other are right, but cost more slots than anybody asked for.</summary>
        public string? Warning
        {
            get
            {
                long finest = Definition.Windows.Min(static w => w.Cells.UniformMs);
                return Timeline.WidthMs == finest
                    ? null
                    : $"slots are {ConfigDuration.Format(Timeline.WidthMs)} wide, finer than any window asks for: choose slots that divide each other";
            }
        }
    }
}

using System.Globalization;
using FeatureActors.Histories.Tests.Generation;
using FeatureActors.Histories.Tests.Model;

namespace FeatureActors.Histories.Tests.Driving;

/// <summary>How many histories had each type, window and trigger together.</summary>
internal sealed class HistoryCoverage
{
    private readonly Dictionary<(string Type, string Kind, string Trigger), int> _counts = [];

    public void Add(History history)
    {
        foreach ((string, string, string) what in history.Group.Features
            .SelectMany(f => Kinds(f).Select(k => (f.Type, k, history.Group.Trigger.Kind))).Distinct())
        {
            _counts[what] = _counts.GetValueOrDefault(what) + 1;
        }
    }

    /// <summary>One line per type and window kind with the count per trigger.</summary>
    public IEnumerable<string> Lines() =>
        from type in Supported.Types
        from kind in Supported.WindowKinds.Append("no window")
        where _counts.Keys.Any(k => k.Type == type && k.Kind == kind)
        select string.Create(CultureInfo.InvariantCulture, $"{type,-17} {kind,-15} ")
            + string.Join(' ', _counts.Where(c => c.Key.Type == type && c.Key.Kind == kind).OrderBy(static c => c.Key.Trigger)
                .Select(static c => string.Create(CultureInfo.InvariantCulture, $"{c.Key.Trigger} {c.Value}")));

    /// <summary>What the definitions promise and no history had.</summary>
    public IReadOnlyList<string> Missing(IReadOnlyList<string> triggers) =>
    [
        .. from type in Supported.Types
           from kind in Supported.WindowKinds.Append("no window")
           where Supported.IsPromised(type, kind) && !(type is "ratio" or "derived" && kind == "no window")
           from trigger in triggers
           where !_counts.ContainsKey((type, kind, trigger))
           select $"{type} {kind} {trigger}",
    ];

    private static IEnumerable<string> Kinds(FeatureSpec feature) => feature.IsComputed
        ? feature.Reads.SelectMany(Kinds)
        : feature.IsBare ? ["no window"] : feature.Windows.Select(static w => w.Kind);
}

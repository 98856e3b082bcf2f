using FeatureActors.Histories.Tests.Model;

namespace FeatureActors.Histories.Tests.Driving;

/// <summary>Takes rows and features away from a failing history as long as it fails.</summary>
internal static class Shrinker
{
    private const int TriesMax = 2_000;

    public static (History History, string Reason) Shrink(History history, string reason)
    {
        int tries = 0;
        bool isSmaller = true;
        while (isSmaller && tries < TriesMax)
        {
            isSmaller = false;
            foreach (History candidate in Candidates(history))
            {
                long comparisons = 0;
                if (tries++ < TriesMax && HistoryBatch.Check(candidate, PlantedFault.None, ref comparisons) is { } still
                    && !still.StartsWith("the definitions", StringComparison.Ordinal))
                {
                    (history, reason, isSmaller) = (candidate, still, true);
                    break;
                }
            }
        }

        return (history, reason);
    }

    private static IEnumerable<History> Candidates(History history)
    {
        IReadOnlyList<HistoryRow> rows = history.Rows;
        for (int chunk = rows.Count / 2; chunk > 0; chunk /= 2)
        {
            for (int at = rows.Count - chunk; at >= 0; at -= chunk)
            {
                HistoryRow[] left = [.. rows.Take(at), .. rows.Skip(at + chunk)];
                if (left.Length > 0 && left.All(r => r.Undoes < 0 || left.Any(o => o.Id == r.Undoes)))
                {
                    yield return history with { Rows = left };
                }
            }
        }

        IReadOnlyList<FeatureSpec> features = history.Group.Features;
        foreach (FeatureSpec feature in features.Where(f => !features.Any(o => o.Reads.Contains(f))))
        {
            if (features.Count > 1)
            {
                yield return With(history, [.. features.Where(f => f != feature)]);
            }

            if (feature.Where is not null && !features.Any(o => o.Reads.Contains(feature)))
            {
                yield return With(history, [.. features.Select(f => f == feature ? feature with { Where = null } : f)]);
            }

            for (int w = 0; w < feature.Windows.Count; w++)
            {
                // A window of a series cannot go alone.
                if (feature.Windows.Count > 1 && feature.Windows[w].Hocon.Length > 0 && (w + 1 == feature.Windows.Count || feature.Windows[w + 1].Hocon.Length > 0))
                {
                    FeatureSpec fewer = feature with { Windows = [.. feature.Windows.Where((_, i) => i != w)] };
                    yield return With(history, [.. features.Select(f => f == feature ? fewer : f)]);
                }
            }
        }

        if (history.Group.Where is not null)
        {
            yield return history with { Group = history.Group with { Where = null } };
        }
    }

    private static History With(History history, IReadOnlyList<FeatureSpec> features) => history with { Group = history.Group with { Features = features } };
}

namespace FeatureActors.Core.Expressions;

/// <summary>Finds the known name nearest to a mistyped one.</summary>
internal static class NameSuggestion
{
    /// <summary>
    /// The name with the fewest edits, case not counted, when that is at most a third of the length (at least 2); else null.
    /// Ties go to the name that sorts first.
    /// </summary>
    public static string? Nearest(string name, IEnumerable<string> known)
    {
        string? nearest = null;
        int best = Math.Max(2, name.Length / 3) + 1;
        foreach (string candidate in known.Order(StringComparer.Ordinal))
        {
            int distance = Distance(name.ToUpperInvariant(), candidate.ToUpperInvariant());
            if (distance < best && distance < Math.Max(name.Length, candidate.Length))
            {
                nearest = candidate;
                best = distance;
            }
        }

        return nearest;
    }

    // Levenshtein distance, one row at a time.
    private static int Distance(string left, string right)
    {
        int[] row = [.. Enumerable.Range(0, right.Length + 1)];
        for (int i = 1; i <= left.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= right.Length; j++)
            {
                int replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[right.Length];
    }
}

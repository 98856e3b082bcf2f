namespace FeatureActors.Abstractions.Configuration;

/// <summary>Finds what the user probably meant: the known word with the fewest typing mistakes between it and the given one.</summary>
public static class NearestWord
{
    // Words longer than this are not typing mistakes of a known key; it also bounds the work for hostile input.
    private const int WordLengthMax = 64;

    /// <summary>
    /// The candidate nearest to <paramref name="word"/>, or null when none is near: at most one mistake per three characters
    /// (insert, delete, replace, swap of neighbours), at least one. Upper and lower case count as equal. The first wins a tie.
    /// </summary>
    public static string? Find(string word, IEnumerable<string> candidates)
    {
        if (word.Length > WordLengthMax)
        {
            return null;
        }

        string? nearest = null;
        int nearestDistance = Math.Max(1, word.Length / 3) + 1;
        foreach (string candidate in candidates)
        {
            if (candidate.Length <= WordLengthMax
                && Math.Abs(candidate.Length - word.Length) < nearestDistance
                && Distance(word.ToUpperInvariant(), candidate.ToUpperInvariant()) is int distance
                && distance < nearestDistance)
            {
                nearest = candidate;
                nearestDistance = distance;
            }
        }

        return nearest;
    }

    // Optimal string alignment distance: Levenshtein plus swaps of neighbours, three rows at a time.
    private static int Distance(string a, string b)
    {
        int[] beforeLast = new int[b.Length + 1];
        int[] last = new int[b.Length + 1];
        int[] current = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++)
        {
            last[j] = j;
        }

        for (int i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(replace, Math.Min(last[j], current[j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    current[j] = Math.Min(current[j], beforeLast[j - 2] + 1);
                }
            }

            (beforeLast, last, current) = (last, current, beforeLast);
        }

        return last[b.Length];
    }
}

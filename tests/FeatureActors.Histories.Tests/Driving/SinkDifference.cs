using FeatureActors.Histories.Tests.Model;

namespace FeatureActors.Histories.Tests.Driving;

/// <summary>What stands in the sink beside what must stand there.</summary>
internal static class SinkDifference
{
    /// <summary>Null when every field is right.</summary>
    /// <param name="fields">The fields of the group.</param>
    /// <param name="wants">What each must be.</param>
    /// <param name="hash">The hash; null when there is none.</param>
    /// <param name="hasAgeing">True to compare what changes with T alone too, which is right only at the times at which it ages.</param>
    public static string? Of(IReadOnlyList<FieldSpec> fields, IReadOnlyList<Want> wants, IReadOnlyDictionary<string, string>? hash, bool hasAgeing)
    {
        for (int i = 0; i < wants.Count; i++)
        {
            FieldSpec field = fields[i];
            string? text = null;
            _ = hash?.TryGetValue(field.Name, out text);
            if ((field.Feature.IsAgeing && !hasAgeing) || (hash is null && (field.Feature.IsComputed || IsEmpty(wants[i]))))
            {
                // Without data there is no key.
                continue;
            }

            Marks marks = hash is null ? Marks.None : ShardUnderTest.MarksOf(hash, field.Name);
            if (Comparison.Difference(wants[i], new PublishedValue(text, true, marks)) is not null
                && Comparison.Difference(wants[i], new PublishedValue(text, false, marks)) is { } difference)
            {
                return $"{field.Name} {difference}";
            }
        }

        return null;
    }

    /// <summary>True for the value of a window without rows.</summary>
    public static bool IsEmpty(Want want) => want is WantNothing or WantNumber { Value.Sign: 0 } or WantBetween { High: 0 };
}

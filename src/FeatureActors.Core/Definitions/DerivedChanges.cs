using System.Text.RegularExpressions;

namespace FeatureActors.Core.Definitions;

/// <summary>
/// What changes about features without state. They have no number; a version in the store knows them by its canonical text, in which
/// <see cref="DefinitionsText"/> writes each on a line of its own.
/// </summary>
internal static partial class DerivedChanges
{
    /// <summary>The changes from the text of one version to that of another, in the order of the new one.</summary>
    /// <param name="before">Canonical text, or null before the first version.</param>
    /// <param name="after">Canonical text.</param>
    public static IEnumerable<DefinitionsChange> Of(string? before, string after)
    {
        Dictionary<(string Entity, string Name), string> old = before is null ? [] : Read(before);
        Dictionary<(string Entity, string Name), string> now = Read(after);
        foreach (((string entity, string name), string settings) in now)
        {
            DefinitionsChangeKind change = !old.TryGetValue((entity, name), out string? known) ? DefinitionsChangeKind.Added
                : known == settings ? DefinitionsChangeKind.Unchanged
                : DefinitionsChangeKind.Changed;
            string detail = change == DefinitionsChangeKind.Changed ? $"{known} → {settings}" : "";
            yield return new DefinitionsChange(change, entity, name, null, detail);
        }

        foreach ((string entity, string name) in old.Keys.Except(now.Keys))
        {
            yield return new DefinitionsChange(DefinitionsChangeKind.Removed, entity, name, null, "");
        }
    }

    private static Dictionary<(string Entity, string Name), string> Read(string text)
    {
        var found = new Dictionary<(string, string), string>();
        string group = "";
        string entity = "";
        foreach (string line in text.Split('\n'))
        {
            if (GroupLine().Match(line) is { Success: true } opens)
            {
                group = opens.Groups["name"].Value;
            }
            else if (EntityLine().Match(line) is { Success: true } belongs)
            {
                entity = belongs.Groups["name"].Value;
            }
            else if (DerivedLine().Match(line) is { Success: true } feature)
            {
                found[(entity, $"{group}.{feature.Groups["name"].Value}")] = feature.Groups["settings"].Value;
            }
        }

        return found;
    }

    [GeneratedRegex(@"^  (?<name>\S+) \{$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex GroupLine();

    [GeneratedRegex(@"^    entity = (?<name>\S+)$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex EntityLine();

    [GeneratedRegex(@"^      (?<name>\S+) \{ (?<settings>type = (ratio|derived),.*) \}$", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex DerivedLine();
}

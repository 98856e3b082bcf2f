using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Core.Definitions;

/// <summary>
/// What things may be called. Names become parts of Redis keys and fields, of topics and of file names, so one rule that all of
/// them can take holds everywhere.
/// </summary>
internal static class Names
{
    // A topic name holds the namespace and an entity beside "fa." and may have 249 characters.
    private const int LengthMax = 100;

    private const string Rule =
        "names start with a letter or '_' and go on with letters, digits, '_' and '-', 100 characters at most";

    /// <summary>Adds an error for a name that breaks the rule; with <paramref name="isReserved"/> also for a leading underscore.</summary>
    public static bool Check(
        string what, string name, ConfigPosition position, List<ConfigError> errors, bool isReserved = false)
    {
        if (!IsIdentifier(name))
        {
            errors.Add(new ConfigError(position, $"'{name}' is no name for {what}", Rule));
            return false;
        }

        if (isReserved && name[0] == '_')
        {
            errors.Add(new ConfigError(
                position, $"'{name}' is no name for {what}: a leading '_' is reserved", "start with a letter"));
            return false;
        }

        return true;
    }

    public static string? Nearest(string word, IEnumerable<string> candidates) =>
        NearestWord.Find(word, candidates) is { } nearest ? $"did you mean '{nearest}'?" : KnownOnes(candidates);

    /// <summary>As <see cref="Nearest"/>; what only a plug-in can bring is told from a word that is spelt wrongly.</summary>
    public static string? NearestOrPlugin(string word, IReadOnlyCollection<string> candidates)
    {
        if (!word.StartsWith(FeatureTypeRegistry.CustomPrefix, StringComparison.Ordinal))
        {
            return Nearest(word, candidates);
        }

        string[] custom = [.. candidates.Where(static c => c.StartsWith(FeatureTypeRegistry.CustomPrefix, StringComparison.Ordinal))];
        return custom.Length == 0
            ? "no plug-in that is loaded brings one: put its folder into that of the plug-ins, or name that with --plugins"
            : Nearest(word, custom);
    }

    private static string? KnownOnes(IEnumerable<string> candidates)
    {
        string[] known = [.. candidates.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return known.Length == 0 ? null : "there are: " + string.Join(", ", known);
    }

    private static bool IsIdentifier(string name) =>
        name.Length is > 0 and <= LengthMax
        && (char.IsAsciiLetter(name[0]) || name[0] == '_')
        && name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
}

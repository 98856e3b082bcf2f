using System.Globalization;
using System.Text.RegularExpressions;

namespace FeatureActors.Contracts.Tests;

/// <summary>What no source file may hold.</summary>
public sealed partial class SourceTextTests
{
    // Spelled in halves, so that this file does not hold them itself.
    private static readonly string[] Forbidden =
    [
        "NotImplemented" + "Exception",
        "Skip" + " = \"",
        "Skip" + "=\"",
        "TO" + "DO",
        "FIX" + "ME",
        "HA" + "CK:",
    ];

    private static readonly string[] Folders = ["src", "tests", "bench", "samples"];

    [Fact]
    public void No_source_file_postpones_work_or_skips_a_test()
    {
        IEnumerable<string> found =
            from file in SourceFiles()
            from line in Repository.Read(file).Split('\n').Select((text, index) => (text, number: index + 1))
            from word in Forbidden
            where line.text.Contains(word, StringComparison.Ordinal)
            select $"{file}:{line.number}: {word}";

        Assert.Empty(found);
    }

    [Fact]
    public void Every_log_event_id_is_given_once()
    {
        IEnumerable<string> repeated =
            from found in
                from file in SourceFiles()
                where file.StartsWith("src", StringComparison.Ordinal)
                from Match match in LoggerMessageCall().Matches(Repository.Read(file))
                select (file, id: int.Parse(match.Groups["id"].Value, CultureInfo.InvariantCulture))
            group found.file by found.id into sameId
            where sameId.Count() > 1
            select $"{sameId.Key}: {string.Join(", ", sameId.Distinct())}";

        Assert.Empty(repeated);
    }

    [Fact]
    public void Every_log_message_states_its_event_id()
    {
        IEnumerable<string> without =
            from file in SourceFiles()
            where file.StartsWith("src", StringComparison.Ordinal)
            let text = Repository.Read(file)
            where LoggerMessageUse().Count(text) != LoggerMessageCall().Count(text)
            select file;

        Assert.Empty(without);
    }

    private static IEnumerable<string> SourceFiles() => Folders.SelectMany(folder => Repository.Files(folder, ".cs"));

    [GeneratedRegex(@"\[LoggerMessage\(")]
    private static partial Regex LoggerMessageUse();

    // [LoggerMessage(1001, …)] or [LoggerMessage(EventId = 1001, …)]
    [GeneratedRegex(@"\[LoggerMessage\(\s*(?:(?:EventId\s*=|eventId:)\s*)?(?<id>\d+)")]
    private static partial Regex LoggerMessageCall();
}

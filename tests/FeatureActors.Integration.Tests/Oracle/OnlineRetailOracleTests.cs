using System.Globalization;
using Xunit.Abstractions;

namespace FeatureActors.Integration.Tests.Oracle;

/// <summary><c>fa batch</c> against SQL over the raw file.</summary>
[Collection(OracleServers.Name)]
[Trait("Category", "Integration")]
public sealed class OnlineRetailOracleTests(OnlineRetailRun run, ITestOutputHelper output) : IClassFixture<OnlineRetailRun>
{
    private const int ShownMax = 20;

    private readonly List<string> _differences = [];

    [Fact]
    public async Task Batch_equals_sql_over_the_raw_file_for_every_type_window_and_key()
    {
        var compared = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var filled = new SortedDictionary<string, long>(StringComparer.Ordinal);
        var fields = new HashSet<BatchField>();
        foreach (long at in run.Times)
        {
            foreach (OracleGroup group in OracleDefinitions.Groups)
            {
                var sql = new OracleSql(group);
                foreach (OracleFeature feature in group.Features)
                {
                    IEnumerable<OracleWindow?> windows = feature.Type == OracleType.Latest ? new OracleWindow?[] { null } : feature.Windows;
                    foreach (OracleWindow? window in windows)
                    {
                        var field = new BatchField(group.Name, feature.Name, window?.Name, at);
                        fields.Add(field);
                        List<(string Key, string Value)> expected = await run.Database.ValuesAsync(sql.Values(feature, window, at));
                        Compare(field, feature, expected);
                        string type = feature.Type.ToString();
                        compared[type] = compared.GetValueOrDefault(type) + expected.Count;
                        filled[type] = filled.GetValueOrDefault(type) + expected.LongCount(e => e.Value is not ("null" or "0"));
                    }
                }
            }
        }

        _differences.AddRange(run.Batch.Fields.Keys.Where(f => !fields.Contains(f)).Select(f => $"{f}: a field nobody asked for"));
        foreach ((string type, long count) in compared)
        {
            output.WriteLine($"{type}: {count} values compared, {filled[type]} of them neither null nor 0");
        }

        Assert.True(_differences.Count == 0, Report());
        Assert.Equal(Enum.GetNames<OracleType>().Order(StringComparer.Ordinal), filled.Where(f => f.Value > 0).Select(f => f.Key));
    }

    [Fact]
    public void Keys_of_windows_that_end_are_gone_at_the_last_exit_and_not_a_millisecond_before()
    {
        Assert.Contains(run.Batch.Fields.Keys, f => f.At == run.LastExit - 1 && f.Group == "categories");
        Assert.All(run.Batch.Fields.Keys.Where(f => f.At >= run.LastExit), f => Assert.Equal("for_ever", f.Group));
    }

    [Theory]
    [InlineData("events", "1h")]
    [InlineData("events", "1d")]
    [InlineData("events", "7d")]
    [InlineData("events", "30d")]
    [InlineData("events", "fine")]
    [InlineData("events", "1d@7d")]
    [InlineData("odd", "45m")]
    [InlineData("odd", "1h")]
    [InlineData("odd", "75m")]
    [InlineData("odd", "13h")]
    public async Task A_window_or_slot_that_is_off_by_one_is_found(string featureName, string windowName)
    {
        OracleGroup group = OracleDefinitions.Groups[0];
        OracleFeature feature = group.Feature(featureName);
        OracleWindow window = feature.Windows.Single(w => w.Name == windowName);
        Assert.Equal(0, await DifferencesAsync(window));

        long size = window.SizeMs!.Value;
        long slot = window.SlotMs;
        Dictionary<string, OracleWindow> wrong = new()
        {
            ["W + 1 ms"] = window with { SizeMs = size + 1 },
            ["W - 1 ms"] = window with { SizeMs = size - 1 },
            ["W + r"] = window with { SizeMs = size + slot },
            ["W - r"] = window with { SizeMs = size - slot },
            ["r + 1 ms"] = window with { SlotMs = slot + 1 },
            ["r - 1 ms"] = window with { SlotMs = slot - 1 },
            ["next coarser r"] = window.Coarser(),
            ["next finer r"] = window.Finer(),
        };
        foreach ((string what, OracleWindow other) in wrong)
        {
            int differences = await DifferencesAsync(other);
            output.WriteLine($"{featureName}:{windowName} with {what}: {differences} differences at the first time that shows it");
            Assert.True(differences > 0, $"{featureName}:{windowName} with {what} was not found");
        }

        async Task<int> DifferencesAsync(OracleWindow used)
        {
            _differences.Clear();
            var sql = new OracleSql(group);
            foreach (long at in run.Times.TakeWhile(_ => _differences.Count == 0))
            {
                Compare(
                    new BatchField(group.Name, feature.Name, windowName, at), feature,
                    await run.Database.ValuesAsync(sql.Values(feature, used, at)));
            }

            return _differences.Count;
        }
    }

    private static bool IsRounded(OracleFeature feature) =>
        feature.Type is OracleType.Avg or OracleType.Ratio
        || (feature.Of == "value" && feature.Type is OracleType.Sum or OracleType.SumMap or OracleType.TopKBySum);

    /// <summary>Both ways: every expected value is there and equal, and nothing else is.</summary>
    private void Compare(BatchField field, OracleFeature feature, List<(string Key, string Value)> expected)
    {
        IReadOnlyDictionary<string, string> actual = run.Batch.Of(field);
        bool rounded = IsRounded(feature);
        foreach ((string key, string value) in expected)
        {
            string? found = actual.GetValueOrDefault(key);
            if (found is null || !JsonValues.Same(value, found, rounded))
            {
                _differences.Add($"{Place(field)} {key}: SQL {value}, fa batch {found ?? "nothing"}");
            }
        }

        if (actual.Count > expected.Count)
        {
            IEnumerable<string> extra = actual.Keys.Except(expected.Select(e => e.Key));
            _differences.AddRange(extra.Select(key => $"{Place(field)} {key}: SQL nothing, fa batch {actual[key]}"));
        }
    }

    private static string Place(BatchField field) => string.Create(
        CultureInfo.InvariantCulture,
        $"{field.Group} {field.Feature}:{field.Window} at {DateTimeOffset.FromUnixTimeMilliseconds(field.At):O}");

    // Some of each feature, because one cause usually shows in one of them.
    private string Report() => $"{_differences.Count} differences:\n" + string.Join('\n', _differences
        .GroupBy(d => d[..d.IndexOf(" at ", StringComparison.Ordinal)])
        .SelectMany(g => g.Take(3).Prepend($"{g.Key}: {g.Count()}")).Take(4 * ShownMax));
}

using System.IO.Compression;
using System.Text;

namespace FeatureActors.Node.Tests.Batch;

public sealed class BatchCommandTests : IDisposable
{
    private const string Definitions =
        """
        namespace = shop
        sources.clicks { format = json, event-time { field = ts, unit = ms }, fields { user = string, place = string, ts = long } }
        entities.user { key = [string], shards = 2 }
        groups.activity {
          entity = user, source = clicks, key = user
          features { clicks { type = count, windows = [1m] }, place { type = latest, of = place } }
        }
        """;

    private readonly Fa _fa = new();

    public void Dispose() => _fa.Dispose();

    [Fact]
    public async Task Lines_have_the_fields_of_the_contract_in_its_order()
    {
        await RunAsync("c.json", """{"ts":1000,"user":"a b","place":"x\"y"}""" + "\n", "--at", "1000");

        Assert.Equal(
            """
            {"group":"activity","key":"a b","feature":"clicks","window":"1m","at":1000,"value":1}
            {"group":"activity","key":"a b","feature":"place","window":null,"at":1000,"value":"x\"y"}

            """,
            _fa.Out);
    }

    [Fact]
    public async Task An_event_at_T_counts_and_one_a_millisecond_later_does_not()
    {
        const string events = "{\"ts\":2001,\"user\":\"u\"}\n{\"ts\":2000,\"user\":\"u\"}\n";

        await RunAsync("c.json", events, "--at", "1999,2000", "--at", "2001");

        Assert.Equal(
            ["2000,1", "2001,2"],
            _fa.Out.Split('\n').Where(static l => l.Contains("clicks", StringComparison.Ordinal)).Select(static l => l.Split("\"at\":")[1].Replace("\"value\":", "", StringComparison.Ordinal).TrimEnd('}')));
    }

    [Fact]
    public async Task A_key_whose_slots_have_all_left_is_not_written()
    {
        await RunAsync("c.json", "{\"ts\":0,\"user\":\"u\"}\n", "--at", "60999", "61000");

        Assert.Single(_fa.Out.Split('\n'), static l => l.Contains("\"at\":60999,\"value\":1", StringComparison.Ordinal));
        Assert.DoesNotContain("61000", _fa.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task State_of_a_key_that_was_idle_too_long_does_not_come_back_with_its_next_event()
    {
        await RunAsync("c.json", "{\"ts\":0,\"user\":\"u\",\"place\":\"old\"}\n{\"ts\":3600000,\"user\":\"u\"}\n", "--at", "3600000");

        Assert.Contains("\"place\",\"window\":null,\"at\":3600000,\"value\":null", _fa.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bad_lines_are_counted_by_reason_with_their_line_and_only_strict_fails()
    {
        const string events = "{\"ts\":1,\"user\":\"u\"}\n{\"ts\":\n\n{\"ts\":\"x\",\"user\":\"u\"}\n{\"ts\":2}\n";

        Assert.Equal(0, await RunAsync("c.json", events, "--at", "5"));
        Assert.Contains("c.json:2: ", _fa.Error, StringComparison.Ordinal);
        Assert.Contains("c.json:4: ", _fa.Error, StringComparison.Ordinal);
        Assert.Contains("1 not used: malformed-json", _fa.Error, StringComparison.Ordinal);
        Assert.Contains("1 not used: missing-key", _fa.Error, StringComparison.Ordinal);
        Assert.Contains("4 events read", _fa.Error, StringComparison.Ordinal);
        Assert.Contains("\"clicks\",\"window\":\"1m\",\"at\":5,\"value\":1", _fa.Out, StringComparison.Ordinal);
        Assert.Equal(1, await RunAsync("c.json", events, "--at", "5", "--strict"));
    }

    [Fact]
    public async Task A_csv_file_of_a_json_source_is_read_by_its_header_also_when_packed()
    {
        await using (var zip = new GZipStream(File.Create(_fa.Path("c.csv.gz")), CompressionLevel.Fastest))
        {
            await zip.WriteAsync(Encoding.UTF8.GetBytes("\uFEFFuser,extra,ts,place\nu,1,1000,p\n"));
        }

        Assert.Equal(0, await RunFileAsync(_fa.Path("c.csv.gz"), "--at", "1970-01-01T00:00:01Z"));
        Assert.Contains("\"at\":1000,\"value\":\"p\"", _fa.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-9)] // the end of the trailer
    [InlineData(-400)] // the middle of the data
    [InlineData(1)] // whole, with a wrong checksum
    public async Task A_packed_file_that_is_cut_off_or_damaged_exits_2_instead_of_ending_early(int change)
    {
        string lines = string.Concat(Enumerable.Range(0, 2000).Select(i => $"{{\"ts\":{i},\"user\":\"u{i * 7919 % 1000}\"}}\n"));
        using var packed = new MemoryStream();
        await using (var zip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await zip.WriteAsync(Encoding.UTF8.GetBytes(lines));
        }

        byte[] bytes = packed.ToArray();
        bytes[^8] += (byte)Math.Max(0, change);
        await File.WriteAllBytesAsync(_fa.Path("c.json.gz"), bytes[..^Math.Max(0, -change)]);

        Assert.Equal(2, await RunFileAsync(_fa.Path("c.json.gz"), "--at", "5"));
        Assert.Contains("c.json.gz: its compressed data is damaged or ends too early; copy the file again", _fa.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_is_not_there_for_the_output_exits_2_and_names_it()
    {
        string output = _fa.Path("absent/values.jsonl");

        Assert.Equal(2, await _fa.RunAsync(
            "batch", "--definitions", _fa.Write("d.conf", Definitions), "--input", _fa.Write("c.json", ""), "--source", "clicks", "--at", "5", "--output", output));
        Assert.Contains($"--output: could not write {output}", _fa.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_column_file_source_or_a_wrong_time_exit_2_and_say_what()
    {
        Assert.Equal(2, await RunAsync("c.csv", "user,ts\nu,1\n", "--at", "5"));
        Assert.Contains("'place'", _fa.Error, StringComparison.Ordinal);
        Assert.Equal(2, await RunFileAsync(_fa.Path("absent.json"), "--at", "5"));
        Assert.Contains("absent.json", _fa.Error, StringComparison.Ordinal);
        Assert.Equal(2, await RunAsync("c.json", "", "--at", "yesterday"));
        Assert.Contains("yesterday", _fa.Error, StringComparison.Ordinal);
        Assert.Equal(2, await _fa.RunAsync(
            "batch", "--definitions", _fa.Path("d.conf"), "--input", _fa.Path("c.json"), "--source", "klicks", "--at", "5", "--output", "-"));
        Assert.Contains("klicks", _fa.Error, StringComparison.Ordinal);
    }

    private Task<int> RunAsync(string name, string content, params string[] rest) => RunFileAsync(_fa.Write(name, content), rest);

    private Task<int> RunFileAsync(string input, params string[] rest) => _fa.RunAsync(
        ["batch", "--definitions", _fa.Write("d.conf", Definitions), "--input", input, "--source", "clicks", "--output", "-", .. rest]);
}

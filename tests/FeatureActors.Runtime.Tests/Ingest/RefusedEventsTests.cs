using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Hocon;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Runtime.Tests.Ingest;

/// <summary>What docs/definitions.md says of events that cannot be used.</summary>
public sealed class RefusedEventsTests
{
    private const string Text =
        """
        namespace = fleet
        sources {
          json { max-event-bytes = 1MB, future = dead-letter, event-time { field = at, unit = ms }
            fields { depot = string, unit = long, temp = double, litres = long, note = string } }
          csv { format = csv, event-time { field = at, unit = ms }, fields { at = long, depot = string, unit = long, temp = double, note = string } }
        }
        entities.car { key = [string, long] }
        groups.g { entity = car, from = [{ source = json, key = [depot, unit] }, { source = csv, key = [depot, unit] }]
          features { t { type = sum, of = temp, windows = [1h] }, n { type = last, of = note, windows = [1h] }, l { type = sum, of = litres, windows = [1h] } } }
        """;

    [Theory]
    [InlineData("""{"at":1,"depot":"d","unit":7,"litres":"12"}""", "")]
    [InlineData("""{"at":-1.5,"depot":"d","unit":7,"litres":1.5,"litres":12}""", "")]
    [InlineData("""{"at":1,"depot":5,"unit":"7","unread":[{"x":"y"}]}""", "")]
    [InlineData("""{"at":1,"depot":"d","unit":7,"unread":[1,}""", "malformed-json")]
    [InlineData("""{"at":1,"depot":"d","unit":7}}""", "malformed-json")]
    [InlineData("[]", "malformed-json")]
    [InlineData("""{"at":1,"depot":"d","unit":7,"note":"\ud800"}""", "invalid-utf8")]
    [InlineData("""{"at":1,"depot":"d","unit":7,"litres":1.5}""", "wrong-type")]
    [InlineData("""{"at":1,"depot":"d","unit":7,"litres":9223372036854775808}""", "wrong-type")]
    [InlineData("""{"at":1,"depot":"d","unit":7,"temp":"NaN"}""", "not-finite")]
    [InlineData("""{"at":1,"depot":"d","unit":7,"temp":1e999}""", "not-finite")]
    [InlineData("""{"at":null,"depot":"d","unit":7}""", "missing-event-time")]
    [InlineData("""{"at":253402300800000,"depot":"d","unit":7}""", "bad-event-time")]
    [InlineData("""{"at":60001,"depot":"d","unit":7}""", "future")]
    [InlineData("""{"at":1,"depot":"","unit":7}""", "missing-key")]
    [InlineData("""{"at":1,"depot":"d"}""", "missing-key")]
    public void An_event_is_refused_for_the_reason_on_the_page(string bytes, string reason) => Assert.Equal(reason, ReasonOf("json", bytes));

    [Theory]
    [InlineData("1,\"a,\"\"b\",7,,\" x \"", "")]
    [InlineData("1,d,7,\"\",\"\"", "")]
    [InlineData("1,d,7,1", "malformed-csv")]
    [InlineData("1,d,7,1,x,y", "malformed-csv")]
    [InlineData("1,d,7,1,x\"y", "malformed-csv")]
    [InlineData("1,d,7, 1,x", "wrong-type")]
    public void A_record_is_refused_for_the_reason_on_the_page(string bytes, string reason) => Assert.Equal(reason, ReasonOf("csv", bytes));

    [Fact]
    public void The_bounds_on_the_page_are_those_of_the_program()
    {
        static string Depot(int length) => $$"""{"at":1,"depot":"{{new string('k', length)}}","unit":7}""";
        static string Note(int length) => $$"""{"at":1,"depot":"d","unit":7,"note":"{{new string('n', length)}}"}""";
        static string Deep(int levels) => $$"""{"at":1,"depot":"d","unit":7,"unread":{{new string('[', levels)}}{{new string(']', levels)}}}""";
        int key = BoundOf("key-too-long");
        int row = BoundOf("row-too-large");
        int depth = BoundOf("too-deep");

        Assert.Equal("", ReasonOf("json", Depot(key - 2)));
        Assert.Equal("key-too-long", ReasonOf("json", Depot(key - 1)));
        Assert.Equal("", ReasonOf("json", Note(row - 1000)));
        Assert.Equal("row-too-large", ReasonOf("json", Note(row + 1)));
        Assert.Equal("too-large", ReasonOf("json", Note(1_000_000)));
        Assert.Equal("", ReasonOf("json", Deep(depth - 1)));
        Assert.Equal("too-deep", ReasonOf("json", Deep(depth)));
    }

    [Theory]
    [InlineData("""{"at":1,"depot":"d"}""", "no row for entity car: unit, part 2 of 2 of its key, is NULL or empty")]
    [InlineData("""{"at":1,"depot":"","unit":7}""", "no row for entity car: depot, part 1 of 2 of its key, is NULL or empty")]
    public void A_refusal_says_which_part_of_the_key_is_missing(string bytes, string error) => Assert.Equal(error, Route("json", bytes).Error);

    [Fact]
    public void A_refusal_says_with_which_part_a_key_is_too_long() =>
        Assert.Equal("no row for entity car: its key is longer than 4096 bytes with depot", Route("json", $$"""{"at":1,"depot":"{{new string('k', 5000)}}","unit":7}""").Error);

    [Fact]
    public void Every_reason_of_a_decoder_is_on_the_page()
    {
        string page = Repository.Read("docs/definitions.md");
        foreach (DecodeStatus status in Enum.GetValues<DecodeStatus>().Where(s => s != DecodeStatus.Ok))
        {
            string reason = Regex.Replace(status.ToString(), "(?<=.)([A-Z])", "-$1").ToLowerInvariant();
            Assert.Contains($"`{reason}`", page, StringComparison.Ordinal);
        }
    }

    private static int BoundOf(string reason)
    {
        Match row = Regex.Match(Repository.Read("docs/definitions.md"), $@"^\| `{reason}` \| \D*(\d+) ", RegexOptions.Multiline);
        return int.Parse(row.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
    }

    private static string ReasonOf(string source, string bytes) => Route(source, bytes).Reason;

    private static Refusals Route(string source, string bytes)
    {
        DefinitionsModel model = DefinitionsBinder.Bind(HoconParser.ParseText(Text, "d.conf"), new FeatureTypeRegistry(BuiltInFeatureTypes.All));
        var target = new Refusals();
        new EventRouter(PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model)).Sources.Single(p => p.Source == source)).Route(Encoding.UTF8.GetBytes(bytes), 0, target);
        return target;
    }

    private sealed class Refusals : IRowTarget
    {
        public string Reason { get; private set; } = "";

        public string Error { get; private set; } = "";

        public void Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row)
        {
        }

        public void Refuse(int ordinal, string group, string reason, string error) => (Reason, Error) = (reason, error);
    }
}

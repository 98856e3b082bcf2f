using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Hocon.Tests.Configuration;

public sealed class ConfigReaderTests
{
    private readonly List<ConfigError> _errors = [];

    [Fact]
    public void An_unknown_key_is_an_error_at_the_key_with_the_nearest_known_one()
    {
        ConfigReader reader = Reader("groups.g.features.buys", ("type", "count"), ("widnows", "1h"));
        Assert.Equal("count", reader.String("type"));
        Assert.Null(reader.Optional("windows"));
        reader.RejectUnknown();
        Assert.Equal(
            ["f.conf:2:1: unknown key 'widnows' in groups.g.features.buys (did you mean 'windows'?)"], Texts());
    }

    [Fact]
    public void An_unknown_key_far_from_all_others_lists_the_known_ones()
    {
        ConfigReader reader = Reader("", ("zzz", "1"));
        reader.Know("topic", "format");
        reader.RejectUnknown();
        Assert.Equal(["f.conf:1:1: unknown key 'zzz' (known keys: format, topic)"], Texts());
    }

    [Fact]
    public void A_missing_required_field_is_an_error_at_its_object_and_an_optional_one_is_not()
    {
        ConfigReader reader = Reader("sources.s");
        Assert.Null(reader.String("topic"));
        Assert.Null(reader.OptionalInt("shards"));
        Assert.Equal(16, reader.IntOr("shards", 16));
        Assert.Equal(["f.conf:1:1: sources.s.topic is missing (add topic = …)"], Texts());
    }

    [Fact]
    public void Null_counts_as_absent_and_a_required_null_is_an_error_at_the_null()
    {
        ConfigReader reader = Reader("", ("a", null));
        Assert.Equal("x", reader.StringOr("a", "x"));
        Assert.False(reader.Has("a"));
        Assert.Null(reader.String("a"));
        Assert.Equal(["f.conf:1:5: a must not be null (give it a value)"], Texts());
    }

    [Fact]
    public void Every_wrong_value_is_reported_with_its_path_position_and_what_was_wanted()
    {
        ConfigReader reader = Reader(
            "x", ("i", "1.5"), ("l", "9"), ("d", "NaN"), ("b", "maybe"), ("t", "10 parsecs"), ("s", "10KB"), ("w", "jsn"), ("u", "5us"));
        Assert.Null(reader.Int("i"));
        Assert.Null(reader.Long("l", 1, 8));
        Assert.Null(reader.Double("d"));
        Assert.Null(reader.Boolean("b"));
        Assert.Equal(5, reader.DurationMsOr("t", 5));
        Assert.Null(reader.Size("s"));
        Assert.Null(reader.Word("w", ["json", "csv"]));
        Assert.Null(reader.DurationMs("u"));
        Assert.Null(reader.Object("i"));
        Assert.Null(reader.Array("i"));
        Assert.Equal(
            [
                "f.conf:1:5: x.i: expected a whole number, found '1.5'",
                "f.conf:2:5: x.l: must be from 1 to 8, found '9'",
                "f.conf:3:5: x.d: expected a number, found 'NaN'",
                "f.conf:4:5: x.b: expected true or false, found 'maybe'",
                "f.conf:5:5: x.t: expected a duration such as 200ms, 10s, 15m, 1h or 7d, found '10 parsecs'",
                "f.conf:6:5: x.s: expected a size such as 512, 64KiB, 10MB or 1GiB, found '10KB' (write kB for 1000 bytes or KiB for 1024)",
                "f.conf:7:5: x.w: expected one of json, csv, found 'jsn' (did you mean 'json'?)",
                "f.conf:8:5: x.u: expected a duration such as 200ms, 10s, 15m, 1h or 7d, found '5us' (the finest step is 1ms)",
                "f.conf:1:5: x.i: expected an object { … }, found '1.5'",
                "f.conf:1:5: x.i: expected an array [ … ], found '1.5'",
            ],
            Texts());
    }

    [Fact]
    public void Values_on_both_ends_of_a_range_are_accepted()
    {
        ConfigReader reader = Reader("", ("lo", "1"), ("hi", "8"), ("e", "1e3"), ("max", "9223372036854775807"));
        Assert.Equal(1, reader.Int("lo", 1, 8));
        Assert.Equal(8, reader.Int("hi", 1, 8));
        Assert.Equal(1000, reader.Int("e"));
        Assert.Equal(long.MaxValue, reader.Long("max"));
        Assert.Null(reader.Int("max"));
        Assert.Single(_errors);
    }

    [Fact]
    public void Words_are_translated_by_choices()
    {
        ConfigReader reader = Reader("", ("clock", "event"));
        var choices = new Dictionary<string, DayOfWeek> { ["wall"] = DayOfWeek.Monday, ["event"] = DayOfWeek.Friday };
        Assert.Equal(DayOfWeek.Friday, reader.Choice("clock", choices));
        Assert.Equal(DayOfWeek.Monday, reader.ChoiceOr("absent", DayOfWeek.Monday, choices));
        Assert.Empty(_errors);
    }

    [Fact]
    public void One_value_reads_as_a_list_of_one_and_items_carry_their_index()
    {
        var array = new ConfigArray(At(3, 1), [Scalar("a", 3, 2), new ConfigArray(At(3, 5), [])]);
        var reader = new ConfigReader(
            new ConfigObject(At(1, 1), [Field("one", Scalar("x", 1, 5), 1), Field("many", array, 3)]), "g", _errors);
        Assert.Equal("x", Assert.Single(reader.Optional("one")!.AsOneOrMany()).AsString());
        Assert.Equal(2, reader.Optional("many")!.AsOneOrMany().Count);
        Assert.Null(reader.Strings("many"));
        Assert.Equal(["f.conf:3:5: g.many[1]: expected a string, found an array"], Texts());
    }

    [Fact]
    public void An_object_with_numeric_keys_reads_as_an_array_in_numeric_order_with_gaps_closed()
    {
        ConfigObject numeric = new(
            At(1, 1), [Field("10", Scalar("c", 1, 1), 1), Field("2", Scalar("b", 1, 1), 1), Field("x", Scalar("?", 1, 1), 1), Field("0", Scalar("a", 1, 1), 1)]);
        var reader = new ConfigReader(new ConfigObject(At(1, 1), [Field("list", numeric, 1)]), "", _errors);
        Assert.Equal(["a", "b", "c"], reader.Strings("list"));
        Assert.Empty(_errors);
    }

    [Fact]
    public void Entries_of_a_map_carry_quoted_paths_where_needed()
    {
        ConfigReader reader = Reader("features", ("a.b", "x"), ("c", null));
        (ConfigField field, ConfigValue value) = Assert.Single(reader.Entries());
        Assert.Equal("a.b", field.Key);
        Assert.Equal("features.\"a.b\"", value.Path);
        reader.RejectUnknown();
        Assert.Empty(_errors);
    }

    [Theory]
    [InlineData("shrads", "shards")]
    [InlineData("Topic", "topic")]
    [InlineData("of", null)]
    [InlineData("event_time", "event-time")]
    public void The_nearest_word_allows_a_mistake_per_three_characters(string word, string? expected) =>
        Assert.Equal(expected, NearestWord.Find(word, ["topic", "shards", "event-time", "max-future"]));

    private string[] Texts() => [.. _errors.Select(error => error.ToString())];

    private ConfigReader Reader(string path, params (string Key, string? Text)[] fields) =>
        new(new ConfigObject(At(1, 1), [.. fields.Select((f, i) => Field(f.Key, Scalar(f.Text, i + 1, 5), i + 1))]), path, _errors);

    private static ConfigField Field(string key, ConfigNode value, int line) => new(key, At(line, 1), value);

    private static ConfigScalar Scalar(string? text, int line, int column) => new(At(line, column), text, false, At(line, column));

    private static ConfigPosition At(int line, int column) => new("f.conf", line, column);
}

using System.Text;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Decoding;

namespace FeatureActors.Core.Tests.Decoding;

public sealed class JsonEventDecoderTests
{
    private static readonly DecoderField[] Fields =
    [
        new("s", FieldType.String), new("n", FieldType.Long), new("d", FieldType.Double), new("x", FieldType.Decimal),
        new("b", FieldType.Boolean), new("skipped", FieldType.Long, IsNeeded: false), new("größe", FieldType.String),
    ];

    [Fact]
    public void Every_type_is_read_and_unneeded_fields_stay_null()
    {
        (DecodeResult result, object?[] values) = Decode(
            """ { "s":"Ab", "n" : -42, "d":2.5e1, "x":1.10, "b":true, "skipped":7, "größe":"ä", "other":{"a":[1,{"b":null}]} } """);
        Assert.True(result.IsOk, result.ToString());
        Assert.Equal(["Ab", -42L, 25.0, 1.10m, true, null, "ä"], values);
    }

    [Theory]
    [InlineData("""{"n":1.0}""", 1L)]
    [InlineData("""{"n":1e3}""", 1000L)]
    [InlineData("""{"n":1500e-2}""", 15L)]
    [InlineData("""{"n":9223372036854775807}""", long.MaxValue)]
    [InlineData("""{"n":-9223372036854775808}""", long.MinValue)]
    [InlineData("""{"n":1.00000000000000000000000000000}""", 1L)]
    [InlineData("""{"n":0e999999999999}""", 0L)]
    [InlineData("""{"n":-0}""", 0L)]
    [InlineData("""{"n":"17"}""", 17L)]
    [InlineData("""{"n":"\u0031\u0037"}""", 17L)]
    [InlineData("""{"n":null}""", null)]
    [InlineData("""{}""", null)]
    [InlineData("""{"n":1,"n":2}""", 2L)]
    [InlineData("""{"n":"x","n":2}""", 2L)]
    [InlineData("""{"n":2,"n":null}""", null)]
    [InlineData("""{"\u006e":5}""", 5L)]
    public void Longs_are_exact(string json, long? expected)
    {
        (DecodeResult result, object?[] values) = Decode(json);
        Assert.True(result.IsOk, result.ToString());
        Assert.Equal(expected, values[1]);
    }

    [Theory]
    [InlineData("""{"s":12.50}""", "12.50")]
    [InlineData("""{"s":""}""", "")]
    [InlineData("""{"s":"a\"\\\/\b\f\n\r\tz"}""", "a\"\\/\b\f\n\r\tz")]
    [InlineData("""{"s":"\u00e4\u20AC\ud83d\uDE00"}""", "ä€😀")]
    public void Strings_are_unescaped(string json, string expected)
    {
        (DecodeResult result, object?[] values) = Decode(json);
        Assert.True(result.IsOk, result.ToString());
        Assert.Equal(expected, values[0]);
    }

    [Theory]
    [InlineData("0.1")]
    [InlineData("-1.7976931348623157e308")]
    [InlineData("5e-324")]
    [InlineData("123456789012345678901234567890")]
    [InlineData("0.30000000000000004")]
    [InlineData("9007199254740993")]
    [InlineData("1e23")]
    [InlineData("8.41e21")]
    [InlineData("2.2250738585072011e-308")]
    public void Doubles_are_the_nearest(string number)
    {
        (DecodeResult result, object?[] values) = Decode($"{{\"d\":{number}}}");
        Assert.True(result.IsOk, result.ToString());
        Assert.Equal(double.Parse(number, System.Globalization.CultureInfo.InvariantCulture), values[2]);
    }

    [Fact]
    public void Negative_zero_becomes_zero()
    {
        (_, object?[] values) = Decode("""{"d":-0.0,"x":-0.0}""");
        Assert.Equal(0L, BitConverter.DoubleToInt64Bits((double)values[2]!));
        Assert.Equal(0m, values[3]);
    }

    [Theory]
    [InlineData("""{"n":"x"}""", DecodeStatus.WrongType, "n", 5)]
    [InlineData("""{"n":1.5}""", DecodeStatus.WrongType, "n", 5)]
    [InlineData("""{"n":9223372036854775808}""", DecodeStatus.WrongType, "n", 5)]
    [InlineData("""{"n":" 1"}""", DecodeStatus.WrongType, "n", 5)]
    [InlineData("""{"n":true}""", DecodeStatus.WrongType, "n", 5)]
    [InlineData("""{"s":{"a":1}}""", DecodeStatus.WrongType, "s", 5)]
    [InlineData("""{"s":[]}""", DecodeStatus.WrongType, "s", 5)]
    [InlineData("""{"s":false}""", DecodeStatus.WrongType, "s", 5)]
    [InlineData("""{"b":1}""", DecodeStatus.WrongType, "b", 5)]
    [InlineData("""{"b":"True"}""", DecodeStatus.WrongType, "b", 5)]
    [InlineData("""{"d":1e309}""", DecodeStatus.NotFinite, "d", 5)]
    [InlineData("""{"d":"NaN"}""", DecodeStatus.NotFinite, "d", 5)]
    [InlineData("""{"x":1e29}""", DecodeStatus.WrongType, "x", 5)]
    [InlineData("""{"s":"\ud83d"}""", DecodeStatus.InvalidUtf8, "s", 5)]
    [InlineData("""{"s":"\ude00\ud83d"}""", DecodeStatus.InvalidUtf8, "s", 5)]
    [InlineData("""{"b":1,"n":"x"}""", DecodeStatus.WrongType, "b", 5)]
    [InlineData("""{"d":NaN}""", DecodeStatus.MalformedJson, null, 5)]
    [InlineData("""{"n":"x",}""", DecodeStatus.MalformedJson, null, 9)]
    [InlineData("""{"n":1} x""", DecodeStatus.MalformedJson, null, 8)]
    [InlineData("""{"n":01}""", DecodeStatus.MalformedJson, null, 5)]
    [InlineData("""[1]""", DecodeStatus.MalformedJson, null, 0)]
    [InlineData("", DecodeStatus.MalformedJson, null, 0)]
    [InlineData("""{"q":[1,2""", DecodeStatus.MalformedJson, null, 9)]
    [InlineData("""{"q":"\x"}""", DecodeStatus.MalformedJson, null, 5)]
    public void Mistake_is_a_result_with_its_place(string json, DecodeStatus status, string? field, int position)
    {
        (DecodeResult result, _) = Decode(json);
        Assert.Equal((status, field, position), (result.Status, result.Field, result.BytePosition));
        Assert.DoesNotContain("ok", result.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_surrogate_pair_in_a_skipped_field_is_no_mistake() =>
        Assert.True(Decode("""{"q":"\ud83d","\ud83d":1}""").Result.IsOk);

    [Fact]
    public void Invalid_utf8_is_found_wherever_it_stands()
    {
        byte[] message = [.. "{\"q\":\""u8, 0xC3, 0x28, .. "\"}"u8];
        DecodeResult result = new JsonEventDecoder(Options()).Decode(message, new DecodedEvent(Fields.Length));
        Assert.Equal((DecodeStatus.InvalidUtf8, 6), (result.Status, result.BytePosition));
    }

    [Fact]
    public void Nesting_is_accepted_up_to_64_levels()
    {
        Assert.True(Decode("{\"q\":" + new string('[', 63) + new string(']', 63) + "}").Result.IsOk);
        Assert.Equal(DecodeStatus.TooDeep, Decode("{\"q\":" + new string('[', 64) + new string(']', 64) + "}").Result.Status);
        Assert.Equal(DecodeStatus.TooDeep, Decode("{\"s\":" + string.Concat(Enumerable.Repeat("{\"a\":", 1_000_000))).Result.Status);
    }

    [Fact]
    public void Event_at_the_size_bound_is_accepted_and_one_byte_more_is_not()
    {
        byte[] message = "{\"n\":1}"u8.ToArray();
        var target = new DecodedEvent(Fields.Length);
        Assert.True(new JsonEventDecoder(Options(maxBytes: message.Length)).Decode(message, target).IsOk);
        Assert.Equal(DecodeStatus.TooLarge, new JsonEventDecoder(Options(maxBytes: message.Length - 1)).Decode(message, target).Status);
    }

    [Fact]
    public void Required_field_that_is_missing_or_null_is_a_mistake()
    {
        var options = new EventDecoderOptions { Fields = [new("key", FieldType.String, IsRequired: true)] };
        foreach (string json in new[] { "{}", """{"key":null}""" })
        {
            DecodeResult result = new JsonEventDecoder(options).Decode(Encoding.UTF8.GetBytes(json), new DecodedEvent(1));
            Assert.Equal((DecodeStatus.MissingField, "key"), (result.Status, result.Field));
        }
    }

    [Fact]
    public void Two_fields_of_one_name_are_refused() => Assert.Throws<ArgumentException>(
        () => new JsonEventDecoder(new EventDecoderOptions { Fields = [new("a", FieldType.Long), new("a", FieldType.Double)] }));

    [Theory]
    [InlineData("1700000000123", EventTimeUnit.Milliseconds, 1_700_000_000_123)]
    [InlineData("\"1700000000123\"", EventTimeUnit.Milliseconds, 1_700_000_000_123)]
    [InlineData("1700000000123.9", EventTimeUnit.Milliseconds, 1_700_000_000_123)]
    [InlineData("-0.5", EventTimeUnit.Milliseconds, -1)]
    [InlineData("1700000000", EventTimeUnit.Seconds, 1_700_000_000_000)]
    [InlineData("1700000000.123", EventTimeUnit.Seconds, 1_700_000_000_123)]
    [InlineData("1700000000.1239999999999999999999", EventTimeUnit.Seconds, 1_700_000_000_123)]
    [InlineData("1.7e9", EventTimeUnit.Seconds, 1_700_000_000_000)]
    [InlineData("1700000000123456", EventTimeUnit.Microseconds, 1_700_000_000_123)]
    [InlineData("-1", EventTimeUnit.Microseconds, -1)]
    [InlineData("-1000", EventTimeUnit.Microseconds, -1)]
    [InlineData("-1001", EventTimeUnit.Microseconds, -2)]
    [InlineData("253402300799999", EventTimeUnit.Milliseconds, 253_402_300_799_999)]
    [InlineData("-62135596800000", EventTimeUnit.Milliseconds, -62_135_596_800_000)]
    [InlineData("\"2023-11-14T22:13:20.123Z\"", EventTimeUnit.Iso8601, 1_700_000_000_123)]
    [InlineData("\"2023-11-14 22:13:20.1239999\"", EventTimeUnit.Iso8601, 1_700_000_000_123)]
    [InlineData("\"2023-11-15T06:13:20,123+08:00\"", EventTimeUnit.Iso8601, 1_700_000_000_123)]
    [InlineData("\"2023-11-14T16:43:20.123-0530\"", EventTimeUnit.Iso8601, 1_700_000_000_123)]
    [InlineData("\"2023-11-14T22:13:20\\u005a\"", EventTimeUnit.Iso8601, 1_700_000_000_000)]
    [InlineData("\"2023-11-14T22:13Z\"", EventTimeUnit.Iso8601, 1_699_999_980_000)]
    [InlineData("\"2024-02-29\"", EventTimeUnit.Iso8601, 1_709_164_800_000)]
    public void Event_time_is_rounded_down_to_milliseconds(string value, EventTimeUnit unit, long expected)
    {
        (DecodeResult result, long time) = DecodeTime($"{{\"n\":1,\"ts\":{value}}}", unit);
        Assert.True(result.IsOk, result.ToString());
        Assert.Equal(expected, time);
    }

    [Theory]
    [InlineData("253402300800000", EventTimeUnit.Milliseconds)]
    [InlineData("-62135596800001", EventTimeUnit.Milliseconds)]
    [InlineData("-62135596800000.5", EventTimeUnit.Milliseconds)]
    [InlineData("1e300", EventTimeUnit.Seconds)]
    [InlineData("true", EventTimeUnit.Milliseconds)]
    [InlineData("{}", EventTimeUnit.Milliseconds)]
    [InlineData("\"soon\"", EventTimeUnit.Milliseconds)]
    [InlineData("\"\"", EventTimeUnit.Milliseconds)]
    [InlineData("1700000000123", EventTimeUnit.Iso8601)]
    [InlineData("\"2023-02-29\"", EventTimeUnit.Iso8601)]
    [InlineData("\"2023-13-01\"", EventTimeUnit.Iso8601)]
    [InlineData("\"2023-11-14T24:00Z\"", EventTimeUnit.Iso8601)]
    [InlineData("\"2023-11-14T22:13:20.Z\"", EventTimeUnit.Iso8601)]
    [InlineData("\"2023-11-14T22:13:20+8\"", EventTimeUnit.Iso8601)]
    [InlineData("\"0001-01-01T00:00+01:00\"", EventTimeUnit.Iso8601)]
    [InlineData("\"2023-11-14T22:13:20Zx\"", EventTimeUnit.Iso8601)]
    public void Absurd_event_time_is_a_mistake(string value, EventTimeUnit unit)
    {
        DecodeResult result = DecodeTime($"{{\"n\":1,\"ts\":{value}}}", unit).Result;
        Assert.Equal((DecodeStatus.BadEventTime, "ts", 12), (result.Status, result.Field, result.BytePosition));
    }

    [Fact]
    public void Event_time_that_is_missing_is_a_mistake_and_the_last_duplicate_counts()
    {
        Assert.Equal(DecodeStatus.MissingEventTime, DecodeTime("{}", EventTimeUnit.Milliseconds).Result.Status);
        Assert.Equal(DecodeStatus.MissingEventTime, DecodeTime("""{"ts":1,"ts":null}""", EventTimeUnit.Milliseconds).Result.Status);
        Assert.Equal(2, DecodeTime("""{"ts":"x","ts":2}""", EventTimeUnit.Milliseconds).TimeMs);
    }

    [Fact]
    public void Declared_event_time_field_is_a_cell_too()
    {
        var options = new EventDecoderOptions
        {
            Fields = [new("ts", FieldType.Double)],
            EventTime = new EventTimeField("ts", EventTimeUnit.Seconds),
        };
        var target = new DecodedEvent(1);
        Assert.True(new JsonEventDecoder(options).Decode("{\"ts\":1.5}"u8, target).IsOk);
        Assert.Equal((1.5, 1500L), (target.View(0).GetDouble(0), target.View(0).EventTimeMs));
    }

    private static EventDecoderOptions Options(int maxBytes = EventDecoderOptions.DefaultMaxEventBytes) =>
        new() { Fields = Fields, MaxEventBytes = maxBytes };

    private static (DecodeResult Result, object?[] Values) Decode(string json)
    {
        var target = new DecodedEvent(Fields.Length);
        DecodeResult result = new JsonEventDecoder(Options()).Decode(Encoding.UTF8.GetBytes(json), target);
        return (result, DecodedValues.Of(target, Fields));
    }

    private static (DecodeResult Result, long TimeMs) DecodeTime(string json, EventTimeUnit unit)
    {
        var options = new EventDecoderOptions { Fields = [new("n", FieldType.Long)], EventTime = new EventTimeField("ts", unit) };
        var target = new DecodedEvent(1);
        DecodeResult result = new JsonEventDecoder(options).Decode(Encoding.UTF8.GetBytes(json), target);
        return (result, target.EventTimeMs);
    }
}

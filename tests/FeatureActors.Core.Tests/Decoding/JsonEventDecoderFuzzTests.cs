using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Decoding;
using Xunit.Abstractions;

namespace FeatureActors.Core.Tests.Decoding;

public sealed class JsonEventDecoderFuzzTests(ITestOutputHelper output)
{
    private const string Sample = """
        {"event_id":"0f9e2c1a-7f3b-4c66-9b1e-3d2a1c4b5e6f","user_id":"u-1002931","item_id":"i-8839201","category_id":"c-31",
        "action":"purchase","value":129.95,"quantity":2,"currency":"EUR","session":"s-99182734","device":"ios","app":"4.12.0",
        "geo":{"country":"DE","city":"Berlin"},"tags":["a","b"],"ok":true,"ts_ms":1700000000123}
        """;

    private static readonly string[] Seeds =
    [
        Sample,
        """{"s":"a\u00e4\ud83d\ude00\n","n":-12,"d":1.5e-3,"x":12.10,"b":false,"nested":[[{}],{"a":{"b":[1,2.5,null,true,"x\\"]}}]}""",
        """ { } """,
        """{"n":"17","d":"2.5","b":"true","s":17,"n":1e2,"deep":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}""",
    ];

    private static readonly byte[][] Splices =
    [
        "\""u8.ToArray(), "\\"u8.ToArray(), "{"u8.ToArray(), "}"u8.ToArray(), "["u8.ToArray(), "]"u8.ToArray(), ","u8.ToArray(), ":"u8.ToArray(),
        "\\u00"u8.ToArray(), "\\ud83d"u8.ToArray(), "null"u8.ToArray(), "-"u8.ToArray(), "0"u8.ToArray(), "1e999"u8.ToArray(), "."u8.ToArray(),
        "e"u8.ToArray(), " "u8.ToArray(), "\n"u8.ToArray(), [0x00], [0xC3], [0xA4], [0xFF], [0xED, 0xA0, 0x80], "\"n\":1,"u8.ToArray(),
        Encoding.UTF8.GetBytes(new string('[', 40)), "/**/"u8.ToArray(), "\uFEFF"u8.ToArray(), "NaN"u8.ToArray(),
    ];

    private static readonly DecoderField[] Fields =
    [
        new("s", FieldType.String), new("n", FieldType.Long), new("d", FieldType.Double), new("x", FieldType.Decimal),
        new("b", FieldType.Boolean), new("user_id", FieldType.String), new("value", FieldType.Double), new("geo", FieldType.Long),
    ];

    [Fact]
    public void Mutated_documents_are_accepted_exactly_when_System_Text_Json_accepts_them()
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var decoder = new JsonEventDecoder(
            new EventDecoderOptions { Fields = Fields, EventTime = new EventTimeField("ts_ms", EventTimeUnit.Milliseconds) });
        var target = new DecodedEvent(Fields.Length);
        var strict = new JsonDocumentOptions { MaxDepth = EventDecoderOptions.MaxDepth };
        int valid = 0;
        for (int round = 0; round < 60_000; round++)
        {
            byte[] message = Mutate(random, Encoding.UTF8.GetBytes(Seeds[random.Next(Seeds.Length)]));
            DecodeResult result = decoder.Decode(message, target);
            bool isAccepted = result.Status is not (DecodeStatus.MalformedJson or DecodeStatus.TooDeep)
                && !(result.Status == DecodeStatus.InvalidUtf8 && result.Field is null);
            bool isValid = IsValidObject(message, strict);
            valid += isValid ? 1 : 0;
            Assert.True(isAccepted == isValid, $"seed {seed}, round {round}, {result}: {Convert.ToHexString(message)}");
            Assert.InRange(target.Bytes.Capacity, 0, 64 * 1024);
        }

        output.WriteLine($"{valid} of 60000 were valid");
        Assert.InRange(valid, 500, 59_000);
    }

    [Fact]
    public void Decoding_allocates_nothing_after_warm_up()
    {
        byte[] message = Encoding.UTF8.GetBytes(Sample);
        byte[] escaped = Encoding.UTF8.GetBytes("""{"user_id":"a\u00e4\n","value":"12.5","action":7,"ts_ms":"1700000000123"}""");
        byte[] wrong = Encoding.UTF8.GetBytes("""{"user_id":{},"value":[],"ts_ms":1}""");
        var decoder = new JsonEventDecoder(FourFields());
        var target = new DecodedEvent(7);
        for (int i = 0; i < 200; i++)
        {
            decoder.Decode(message, target);
            decoder.Decode(escaped, target);
            decoder.Decode(wrong, target);
        }

        Assert.Equal(0, AllocationProbe.Least(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                decoder.Decode(message, target);
                decoder.Decode(escaped, target);
                decoder.Decode(wrong, target);
            }
        }));
    }

    [Fact]
    public void Time_per_event_is_printed()
    {
        byte[] message = Encoding.UTF8.GetBytes(Sample.Replace("\n", string.Empty, StringComparison.Ordinal)
            .Replace("\"device\":\"ios\",\"app\":\"4.12.0\",", string.Empty, StringComparison.Ordinal));
        var decoder = new JsonEventDecoder(FourFields());
        var target = new DecodedEvent(7);
        double best = double.MaxValue;
        for (int round = 0; round < 30; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < 10_000; i++)
            {
                decoder.Decode(message, target);
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMicroseconds / 10_000);
        }

        output.WriteLine($"{message.Length} bytes, 4 needed fields: {best:F3} µs per event (best of 30)");
        Assert.Equal(1_700_000_000_123, target.EventTimeMs);
    }

    private static EventDecoderOptions FourFields() => new()
    {
        Fields =
        [
            new("user_id", FieldType.String), new("item_id", FieldType.String, IsNeeded: false), new("category_id", FieldType.String, IsNeeded: false),
            new("action", FieldType.String), new("value", FieldType.Double), new("quantity", FieldType.Long, IsNeeded: false),
            new("ts_ms", FieldType.Long),
        ],
        EventTime = new EventTimeField("ts_ms", EventTimeUnit.Milliseconds),
    };

    private static bool IsValidObject(byte[] message, JsonDocumentOptions strict)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(message, strict);
            return document.RootElement.ValueKind == JsonValueKind.Object && Utf8.IsValid(message);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static byte[] Mutate(Random random, byte[] message)
    {
        var bytes = new List<byte>(message);
        for (int edits = random.Next(4); edits > 0; edits--)
        {
            int at = random.Next(bytes.Count + 1);
            switch (random.Next(4))
            {
                case 0 when at < bytes.Count:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 8), bytes.Count - at));
                    break;
                case 1 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2 when bytes.Count > 0:
                    int from = random.Next(bytes.Count);
                    bytes.InsertRange(at, bytes.GetRange(from, random.Next(Math.Min(30, bytes.Count - from))));
                    break;
                default:
                    bytes.InsertRange(at, Splices[random.Next(Splices.Length)]);
                    break;
            }
        }

        return [.. bytes];
    }
}

using System.Text;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Decoding;

namespace FeatureActors.Core.Tests.Decoding;

public sealed class CsvEventDecoderTests
{
    private static readonly DecoderField[] Fields =
    [
        new("s", FieldType.String), new("n", FieldType.Long), new("d", FieldType.Double), new("b", FieldType.Boolean),
        new("x", FieldType.Decimal, IsNeeded: false),
    ];

    [Theory]
    [InlineData("abc,7,2.5,true,1", "abc", 7L, 2.5, true)]
    [InlineData("\"a,\"\"b\"\"\n c\",+007,1e2,FALSE,x\r\n", "a,\"b\"\n c", 7L, 100.0, false)]
    [InlineData(",,,,", null, null, null, null)]
    [InlineData("\"\",\"\",\"3\",\"1\",\n", "", null, 3.0, true)]
    [InlineData(" a ,-0,0.50,0,", " a ", 0L, 0.5, false)]
    public void Record_is_split_by_rfc_4180(string record, string? s, long? n, double? d, bool? b)
    {
        (DecodeResult result, object?[] values) = Decode(record);
        Assert.True(result.IsOk, result.ToString());
        Assert.Equal([s, n, d, b, null], values);
    }

    [Theory]
    [InlineData("a,x,1,1,", DecodeStatus.WrongType, "n", 2)]
    [InlineData("a,1.5,1,1,", DecodeStatus.WrongType, "n", 2)]
    [InlineData("a,1,Infinity,1,", DecodeStatus.NotFinite, "d", 4)]
    [InlineData("a,1,1,yes,", DecodeStatus.WrongType, "b", 6)]
    [InlineData("a,1,1,1", DecodeStatus.MalformedCsv, null, 7)]
    [InlineData("a,1,1,1,,", DecodeStatus.MalformedCsv, null, 9)]
    [InlineData("a\"b,1,1,1,", DecodeStatus.MalformedCsv, null, 0)]
    [InlineData("\"a\"b,1,1,1,", DecodeStatus.MalformedCsv, null, 0)]
    [InlineData("\"a,1,1,1,", DecodeStatus.MalformedCsv, null, 0)]
    [InlineData("a,1,1,1,\nb,1,1,1,", DecodeStatus.MalformedCsv, null, 8)]
    [InlineData("", DecodeStatus.MalformedCsv, null, 0)]
    public void Mistake_is_a_result_with_its_place(string record, DecodeStatus status, string? field, int position)
    {
        DecodeResult result = Decode(record).Result;
        Assert.Equal((status, field, position), (result.Status, result.Field, result.BytePosition));
    }

    [Fact]
    public void Header_maps_columns_and_skips_undeclared_ones()
    {
        IReadOnlyList<string>? header = CsvEventDecoder.ParseHeader("\uFEFFn;\"an \"\"odd\"\" one\";s;ts\r\n"u8, ';');
        Assert.Equal(["n", "an \"odd\" one", "s", "ts"], header);
        var decoder = new CsvEventDecoder(
            new EventDecoderOptions { Fields = Fields, EventTime = new EventTimeField("ts", EventTimeUnit.Iso8601) },
            new CsvFormat { Separator = ';', Header = header });
        Assert.Equal(["d", "b"], decoder.MissingColumns);
        var target = new DecodedEvent(Fields.Length);
        Assert.True(decoder.Decode("7;skip,ped;x;2023-11-14T22:13:20.123Z"u8, target).IsOk);
        Assert.Equal(["x", 7L, null, null, null], DecodedValues.Of(target, Fields));
        Assert.Equal(1_700_000_000_123, target.EventTimeMs);
        Assert.Equal(DecodeStatus.MissingEventTime, decoder.Decode("7;;x;"u8, target).Status);
        Assert.Equal(DecodeStatus.BadEventTime, decoder.Decode("7;;x;soon"u8, target).Status);
    }

    [Fact]
    public void Header_that_is_not_a_record_is_refused()
    {
        Assert.Null(CsvEventDecoder.ParseHeader("a,\"b"u8));
        Assert.Null(CsvEventDecoder.ParseHeader([0xFF]));
        var options = new EventDecoderOptions { Fields = Fields };
        Assert.Throws<ArgumentException>(() => new CsvEventDecoder(options, new CsvFormat { Header = ["a", "a"] }));
        Assert.Throws<ArgumentException>(() => new CsvEventDecoder(options, new CsvFormat { Separator = '"' }));
    }

    [Fact]
    public void Decoding_allocates_nothing_after_warm_up()
    {
        byte[] message = "\"a \"\"b\"\"\",12,1.25,true,9"u8.ToArray();
        var decoder = new CsvEventDecoder(new EventDecoderOptions { Fields = Fields });
        var target = new DecodedEvent(Fields.Length);
        for (int i = 0; i < 200; i++)
        {
            decoder.Decode(message, target);
        }

        Assert.Equal(0, AllocationProbe.Least(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                decoder.Decode(message, target);
            }
        }));
    }

    private static (DecodeResult Result, object?[] Values) Decode(string record)
    {
        var target = new DecodedEvent(Fields.Length);
        DecodeResult result = new CsvEventDecoder(new EventDecoderOptions { Fields = Fields }).Decode(Encoding.UTF8.GetBytes(record), target);
        return (result, DecodedValues.Of(target, Fields));
    }
}

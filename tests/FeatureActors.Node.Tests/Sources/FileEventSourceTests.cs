using System.IO.Compression;
using System.Text;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Hocon;
using FeatureActors.Node.Commands;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Node.Tests.Sources;

public sealed class FileEventSourceTests : IDisposable
{
    private readonly Fa _fa = new();

    public void Dispose() => _fa.Dispose();

    [Fact]
    public async Task Offsets_are_record_numbers_and_a_restart_goes_on_where_it_was_told()
    {
        EventFile file = EventFile.Open(_fa.Write("c.csv", "user,ts\nu0,0\n\nu1,1\r\nu2,2"), Source("csv"));
        await using var source = new FileEventSource("clicks", file, endMs: 7);

        Assert.Equal(1, await source.CountPartitionsAsync(CancellationToken.None));
        Assert.Equal(new LogRange(0, 3), await source.GetRangeAsync(0, CancellationToken.None));
        await using IEventReader reader = await source.ReadFromAsync(0, 1, CancellationToken.None);
        var chunk = new EventChunk();
        await reader.ReadAsync(chunk, CancellationToken.None);
        Assert.Equal([(1L, "u1,1"), (2L, "u2,2")], Enumerable.Range(0, chunk.Count).Select(i => (chunk[i].Offset, Encoding.UTF8.GetString(chunk.Bytes(i)))));
        Assert.Null(chunk.EndMs);
        await reader.ReadAsync(chunk, CancellationToken.None);
        Assert.Equal((0, 7L, 3L), (chunk.Count, chunk.EndMs, chunk.NextOffset));
    }

    [Fact]
    public async Task Without_an_end_the_reader_waits_until_it_is_cancelled()
    {
        await using var source = new FileEventSource("clicks", EventFile.Open(_fa.Write("c.csv", "user,ts\n"), Source("csv")), endMs: null);
        await using IEventReader reader = await source.ReadFromAsync(0, 0, CancellationToken.None);
        using var stop = new CancellationTokenSource();

        Task waiting = reader.ReadAsync(new EventChunk(), stop.Token).AsTask();

        Assert.False(waiting.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task A_file_that_was_cut_off_gives_nothing_until_the_whole_one_is_in_its_place()
    {
        using var packed = new MemoryStream();
        await using (var zip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            await zip.WriteAsync(Encoding.UTF8.GetBytes("user,ts\nu0,0\nu1,1\n"));
        }

        byte[] whole = packed.ToArray();
        await File.WriteAllBytesAsync(_fa.Path("c.csv.gz"), whole[..^4]);
        await using var source = new FileEventSource("clicks", EventFile.Open(_fa.Path("c.csv.gz"), Source("csv")), endMs: 7);

        var error = await Assert.ThrowsAsync<EventFileException>(() => source.GetRangeAsync(0, CancellationToken.None).AsTask());
        Assert.True(error.IsTransient);
        await File.WriteAllBytesAsync(_fa.Path("c.csv.gz"), whole);
        Assert.Equal(new LogRange(0, 2), await source.GetRangeAsync(0, CancellationToken.None));
    }

    [Theory]
    [InlineData("c.csv", "user,ts\n\"a,\"\"b\",5\n", "json", """{"user":"a,\"b","ts":5}""")]
    [InlineData("c.json", "{\"ts\":5,\"user\":\"a,b\"}\n", "csv", "\"a,b\",5")]
    [InlineData("c.csv", "ts,user\n5,a\n", "csv", "a,5")]
    public void A_record_in_another_form_becomes_a_message_of_the_source(string name, string content, string format, string expected)
    {
        SourceDefinition source = Source(format);
        EventFile file = EventFile.Open(_fa.Write(name, content), source);
        using EventFileReader reader = file.OpenReader();

        Assert.False(file.HoldsMessages);
        Assert.True(reader.Read());
        Assert.True(new EventReencoder(source, file).TryEncode(reader.Record, out ReadOnlyMemory<byte> message, out _));
        Assert.Equal(expected, Encoding.UTF8.GetString(message.Span));
    }

    private static SourceDefinition Source(string format) => DefinitionsBinder.Bind(
        HoconParser.ParseText(
            $$"""
            namespace = shop
            sources.clicks { format = {{format}}, event-time { field = ts, unit = ms }, fields { user = string, ts = long } }
            entities.user { key = [string] }
            groups.g { entity = user, source = clicks, key = user, features { n { type = count, windows = [1m] } } }
            """,
            "d.conf"),
        new FeatureTypeRegistry(BuiltInFeatureTypes.All)).Sources[0];
}

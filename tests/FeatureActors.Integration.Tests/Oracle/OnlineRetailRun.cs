using System.Globalization;
using System.IO.Compression;
using FeatureActors.Integration.Tests.Fixtures;

namespace FeatureActors.Integration.Tests.Oracle;

/// <summary>
/// The online-retail file, or the months of it that the short run takes, in PostgreSQL and through <c>fa batch</c>.
/// <c>FA_ORACLE=full</c> takes the whole file and many more times.
/// </summary>
public sealed class OnlineRetailRun(PostgresFixture postgres) : IAsyncLifetime
{
    private const long HourMs = 3_600_000;
    private const long DayMs = 24 * HourMs;
    private const int RandomTimes = 12;

    private readonly string _input = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.csv.gz");

    internal static bool IsFull => Environment.GetEnvironmentVariable("FA_ORACLE") == "full";

    internal OracleDatabase Database { get; private set; } = null!;

    internal BatchValues Batch { get; private set; } = null!;

    internal IReadOnlyList<long> Times { get; private set; } = [];

    /// <summary>From here no slot of the widest window is left.</summary>
    internal long LastExit { get; private set; }

    public async Task InitializeAsync()
    {
        string raw = Path.Combine(Repository.Root, "samples", "online-retail", "events.csv.gz");
        using (TextReader events = OracleDatabase.OpenGzip(raw))
        {
            Database = await OracleDatabase.CreateAsync(postgres.Server.ConnectionString, "online_retail", events);
        }

        string input = raw;
        if (!IsFull)
        {
            long from = Ms("2011-05-10T00:00:00Z");
            long until = Ms("2011-07-30T00:00:00Z");
            await CutAsync(raw, from, until);
            await Database.ExecuteAsync($"DELETE FROM events WHERE ts_ms < {from} OR ts_ms >= {until}");
            input = _input;
        }

        long last = await Database.NumberAsync("SELECT max(ts_ms) FROM events");
        long first = await Database.NumberAsync("SELECT min(ts_ms) FROM events");
        LastExit = (last / (6 * HourMs) * 6 * HourMs) + (30 * DayMs) + (6 * HourMs);
        Times = [.. ChosenTimes().Concat(IsFull ? MoreTimes(first, last) : []).Distinct().Order()];

        Task<BatchValues> batch = BatchValues.RunAsync(
            Path.Combine(AppContext.BaseDirectory, "Oracle", "oracle.conf"), input, "purchases", Times);
        foreach (OracleGroup group in OracleDefinitions.Groups)
        {
            var sql = new OracleSql(group);
            await Database.ExecuteAsync(sql.CreateRows());
            foreach (long at in Times)
            {
                await Database.ExecuteAsync(sql.CreateLive(at));
            }
        }

        Batch = await batch;
    }

    public async Task DisposeAsync()
    {
        await Database.DisposeAsync();
        File.Delete(_input);
    }

    // A Thursday noon is a boundary of the widest slot (6 h) with rows on both of its sides, and so are both ends of every
    // window then; 12:40:15 is one of the finest slot (15 s), 45 minutes and one slot after a minute with 65 rows; at 03:15
    // the 13 hours end so.
    private IEnumerable<long> ChosenTimes() =>
    [
        Ms("2011-07-21T12:33:23.456Z"), // inside a slot of every window
        Ms("2011-07-21T11:59:59.999Z"),
        Ms("2011-07-21T12:00:00Z"),
        Ms("2011-07-21T12:40:14.999Z"),
        Ms("2011-07-21T12:40:15Z"),
        Ms("2011-07-22T03:14:59.999Z"), // in the night
        Ms("2011-07-22T03:15:00Z"),
        LastExit - 1,
        LastExit,
    ];

    private IEnumerable<long> MoreTimes(long first, long last)
    {
        const int seed = 2010;
        var random = new Random(seed);
        return
        [
            first - 1, // nothing yet
            first,
            last,
            Ms("2010-12-23T18:00:00Z"), // the last evening of the year, and the end of its silence of eleven days
            Ms("2011-01-04T10:00:00Z"),
            Ms("2011-04-26T00:00:00Z"), // inside the quiet of Easter
            Ms("2011-11-17T11:59:59.999Z"),
            Ms("2011-11-17T12:00:00Z"),
            LastExit + (400 * DayMs),
            .. Enumerable.Range(0, RandomTimes).Select(_ => random.NextInt64(first, last + (40 * DayMs))),
        ];
    }

    private async Task CutAsync(string raw, long from, long until)
    {
        using TextReader events = OracleDatabase.OpenGzip(raw);
        await using var file = new StreamWriter(new GZipStream(File.Create(_input), CompressionLevel.Fastest));
        await file.WriteLineAsync(await events.ReadLineAsync());
        while (await events.ReadLineAsync() is { } line)
        {
            long time = long.Parse(line.Split(',', 3)[1], CultureInfo.InvariantCulture);
            if (time >= from && time < until)
            {
                await file.WriteLineAsync(line);
            }
        }
    }

    private static long Ms(string time) => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
}

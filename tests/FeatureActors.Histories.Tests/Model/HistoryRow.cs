using System.Globalization;
using System.Text;
using System.Text.Json;

namespace FeatureActors.Histories.Tests.Model;

/// <summary>An event of the one entity, as the generator made it.</summary>
internal sealed record HistoryRow
{
    public required int Id { get; init; }

    /// <summary>Event time as the event states it.</summary>
    public required long StatedMs { get; init; }

    /// <summary>T at which it arrives; also its ingest time.</summary>
    public required long ArrivalMs { get; init; }

    /// <summary>Number of the row that this one takes back, or −1.</summary>
    public int Undoes { get; init; } = -1;

    public long? V { get; init; }

    public double? D { get; init; }

    public decimal? M { get; init; }

    public string? C { get; init; }

    public string? U { get; init; }

    public long? L { get; init; }

    public string A { get; init; } = "buy";

    public string? EventId { get; init; }

    /// <summary>Event time that counts: an event too far ahead is moved back to the bound.</summary>
    public long TimeMs => Math.Min(StatedMs, ArrivalMs + MaxFutureMs);

    public static long MaxFutureMs => 60_000;

    public byte[] ToJson()
    {
        var json = new StringBuilder("{\"k\":\"e\"");
        json.Append(CultureInfo.InvariantCulture, $",\"ts\":{StatedMs},\"op\":\"{(Undoes < 0 ? 'i' : 'd')}\",\"a\":\"{A}\"");
        Add(json, "v", V?.ToString(CultureInfo.InvariantCulture));
        Add(json, "d", D?.ToString("R", CultureInfo.InvariantCulture));
        Add(json, "m", M?.ToString(CultureInfo.InvariantCulture));
        Add(json, "l", L?.ToString(CultureInfo.InvariantCulture));
        Add(json, "c", C is null ? null : $"\"{JsonEncodedText.Encode(C)}\"");
        Add(json, "u", U is null ? null : $"\"{JsonEncodedText.Encode(U)}\"");
        if (EventId is not null)
        {
            Add(json, "id", $"\"{EventId}\"");
        }

        return Encoding.UTF8.GetBytes(json.Append('}').ToString());
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"T {ArrivalMs} #{Id}{(Undoes < 0 ? "" : $" undoes #{Undoes}")} {Encoding.UTF8.GetString(ToJson())}");

    private static void Add(StringBuilder json, string name, string? value) => json.Append(",\"").Append(name).Append("\":").Append(value ?? "null");
}

/// <summary>A row that the group took.</summary>
/// <param name="Row">The row.</param>
/// <param name="TimeMs">Its event time.</param>
/// <param name="TakenAtMs">T when it was applied.</param>
internal sealed record TakenRow(HistoryRow Row, long TimeMs, long TakenAtMs);

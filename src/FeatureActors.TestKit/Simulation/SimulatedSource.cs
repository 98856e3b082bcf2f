using System.Globalization;
using System.Text;

namespace FeatureActors.TestKit.Simulation;

/// <summary>The source's partitions: events in offset order, as bytes and as the naive model sees them.</summary>
internal sealed class SimulatedSource(int partitions)
{
    private readonly List<(SimulatedEvent Event, byte[] Bytes)>[] _events =
        [.. Enumerable.Range(0, partitions).Select(static _ => new List<(SimulatedEvent, byte[])>())];

    public int Partitions => partitions;

    /// <summary>Name of the source in the definitions.</summary>
    public const string Name = "s";

    /// <summary>Time that every partition ends with; null while it goes on.</summary>
    public long? EndMs { get; set; }

    /// <summary>Events that some attempt refused because they lay too far ahead; another may have taken them.</summary>
    public HashSet<(int Partition, long Offset)> Refused { get; } = [];

    public IReadOnlyList<(SimulatedEvent Event, byte[] Bytes)> Of(int partition) => _events[partition];

    public SimulatedEvent Add(int partition, string key, long timeMs, long? value, string? category, string action, string? id, bool isRetraction = false)
    {
        var made = new SimulatedEvent(partition, _events[partition].Count, key, timeMs, value, category, action, id) { IsRetraction = isRetraction };
        string json = string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"k\":\"{key}\",\"ts\":{timeMs},\"v\":{(value is null ? "null" : value)},\"c\":{(category is null ? "null" : $"\"{category}\"")},\"a\":\"{action}\"{(id is null ? "" : $",\"id\":\"{id}\"")}{(isRetraction ? ",\"u\":true" : "")}}}");
        _events[partition].Add((made, Encoding.UTF8.GetBytes(json)));
        return made;
    }
}

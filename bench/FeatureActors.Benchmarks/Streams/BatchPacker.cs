using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Benchmarks.Streams;

/// <summary>Makes log entries of events, outside what is measured.</summary>
internal sealed class BatchPacker(IngestPlan plan, EventStream stream) : IRowTarget
{
    private const int BatchBytes = 64 * 1024;
    private const int RowsPerMs = 200;

    private readonly EventRouter _router = new(plan);
    private readonly RoutePlan _route = plan.Routes[0];
    private readonly BatchWriter _writer = new();
    private List<byte[]> _keys = [];
    private long _offset;
    private long _entry;

    public (List<LogEntry> Entries, List<byte[]> Keys) Pack(long events, long startMs, long spanMs)
    {
        var entries = new List<LogEntry>();
        _keys = [];
        _writer.Begin(plan.Source, _offset, startMs, _route.Columns);
        for (long i = 0; i < events; i++)
        {
            long time = startMs + (i * spanMs / events);

            // Ingest takes some hundred events a millisecond; the rows of a batch are milliseconds apart, not hours as their event times here.
            _router.Route(stream.Next(time).Span, startMs + (_writer.Count / RowsPerMs), this);
            _offset++;
            if (_writer.Length >= BatchBytes || i == events - 1)
            {
                var header = new BatchHeader(plan.DefinitionsVersion, 0, plan.Source, 0, 1, 0, _offset - 1, time, false, startMs);
                entries.Add(new LogEntry(_entry++, _writer.Complete(header).ToArray()));
                _writer.Begin(plan.Source, _offset, startMs, _route.Columns);
            }
        }

        return (entries, _keys);
    }

    public void Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row)
    {
        _writer.Add(_offset, ordinal, groups, eventIdHash, key, row, _route.Columns);
        _keys.Add(key.ToArray());
    }

    public void Refuse(int ordinal, string group, string reason, string error) => throw new InvalidOperationException(error);
}

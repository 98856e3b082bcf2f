using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using FeatureActors.Core.Formats;
using FeatureActors.Runtime.Hosting;
using FeatureActors.Runtime.Ingest;
using FeatureActors.Runtime.Shards;

namespace FeatureActors.Node.Http.Metrics;

/// <summary>Every metric of a node but the histogram of latencies, which <see cref="LatencyHistogram"/> is. docs/operations.md lists them.</summary>
internal static class NodeMetrics
{
    public static IReadOnlyList<Metric> All { get; } =
    [
        .. OfSources(), .. OfShards(), .. OfPublishing(), .. OfCheckpoints(), .. OfNode(), .. OfProcess(),
    ];

    private static IEnumerable<Metric> OfSources() =>
    [
        OfSource("fa_source_events", "", "Events read from a source partition.", static c => c.Events),
        OfSource("fa_source_read_bytes", "bytes", "Bytes of events read.", static c => c.Bytes),
        OfSource("fa_source_rows", "", "Rows made of events and handed to shards.", static c => c.Rows),
        OfSource("fa_source_refused", "", "Events or routes of events that could not be used; each is in the dead letters.", static c => c.Refused),
        OfSource("fa_source_clamped", "", "Events whose time was moved back to max-future.", static c => c.Clamped),
        OfSource("fa_source_skipped", "", "Events that the topic's retention took before they were read: they are lost.", static c => c.Skipped),
        OfSource("fa_source_batches", "", "Batches that the shard log has.", static c => c.Batches),
        OfSource("fa_source_batch_bytes", "bytes", "Bytes of these batches.", static c => c.BatchBytes),
        new("fa_source_next_offset", MetricKind.Gauge, "", "Offset of the next event to read.", static m => Sources(m, static s => s.Counters.NextOffset)),
        new("fa_source_halted", MetricKind.Gauge, "", "1 while a source partition stands still and needs somebody; the log says why.", static m => Sources(m, static s => s.Halt is null || s.IsWaiting ? 0 : 1)),
        new("fa_source_waiting", MetricKind.Gauge, "", "1 while a source partition waits for a node with newer definitions.", static m => Sources(m, static s => s.IsWaiting ? 1 : 0)),
    ];

    private static IEnumerable<Metric> OfShards() =>
    [
        new("fa_shard_state", MetricKind.Gauge, "", "1 for the state that a shard is in.", static m => m.Node is null ? [] : m.Node.Shards.Select(static s =>
            new Sample(1, Labels(s, ("state", s.State.ToString()))))),
        new("fa_shard_halted", MetricKind.Gauge, "", "1 while a shard stands still and needs somebody; the log says why.", static m => Shards(m, static s => s.Halt is null || s.IsWaiting ? 0 : 1)),
        new("fa_shard_waiting", MetricKind.Gauge, "", "1 while a shard waits for a node with newer definitions.", static m => Shards(m, static s => s.IsWaiting ? 1 : 0)),
        new("fa_shard_epoch", MetricKind.Gauge, "", "Epoch under which this node owns the shard.", static m => Shards(m, static s => s.Epoch.Value)),
        new("fa_shard_next_offset", MetricKind.Gauge, "", "First log offset that is not applied.", static m => Shards(m, static s => s.NextOffset)),
        new("fa_shard_lag_batches", MetricKind.Gauge, "", "Batches in the log that are not applied.", static m => Shards(m, static s => s.LagBatches)),
        new("fa_shard_lag_rows", MetricKind.Gauge, "", "Rows in these batches, estimated from the rows of batches so far.", static m => Shards(m, static s => s.LagRows)),
        new("fa_shard_lag_seconds", MetricKind.Gauge, "seconds", "Age of what was applied last while something waits behind it, else 0.", static m => Shards(m, s => s.LagSeconds(m.NowMs))),
        OfShard("fa_shard_rows", "", "Rows applied.", static c => c.Rows),
        OfShard("fa_shard_log_batches", "", "Log batches applied.", static c => c.LogBatches),
        new("fa_shard_dropped_rows", MetricKind.Counter, "", "Rows not applied: repeated deliveries, repeated event ids, beyond retention (by group).", static m => m.Node is null ? [] : m.Node.Shards.SelectMany(static s => new[]
        {
            new Sample(s.Counters.Repeated, Labels(s, ("reason", "repeated"))),
            new Sample(s.Counters.RepeatedIds, Labels(s, ("reason", "repeated-id"))),
            new Sample(s.Counters.Late, Labels(s, ("reason", "late"))),
        })),
        OfShard("fa_shard_feature_faults", "", "Updates that a feature refused, each in the dead letters.", static c => c.Faults),
        OfShard("fa_shard_evaluation_faults", "", "Evaluations in which a plug-in failed.", static c => c.EvaluationFaults),
        new("fa_shard_entities", MetricKind.Gauge, "", "Entities in memory.", static m => Shards(m, static s => s.Counters.Entities)),
        new("fa_shard_stored_entities", MetricKind.Gauge, "", "Entities in the checkpoint store that are not in memory.", static m => Shards(m, static s => s.ColdEntities)),
        new("fa_shard_memory_bytes", MetricKind.Gauge, "bytes", "Bytes of entities in memory.", static m => Shards(m, static s => s.Counters.MemoryBytes)),
        OfShard("fa_shard_loads", "", "Entities loaded from the checkpoint store.", static c => c.Loads),
        OfFormats("fa_shard_format_log_batches", "Log batches applied, by their format.", static c => c.LogBatchesByFormat),
        OfFormats("fa_shard_format_loads", "Entities loaded from the checkpoint store, by the format that they were stored in.", static c => c.LoadsByFormat),
        OfShard("fa_shard_passivations", "", "Entities that left memory.", static c => c.Passivations),
    ];

    private static IEnumerable<Metric> OfPublishing() =>
    [
        OfShard("fa_publish_evaluations", "", "Groups evaluated.", static c => c.Evaluations),
        OfShard("fa_publish_values", "", "Feature values written to Redis.", static c => c.Values),
        new("fa_publish_keys", MetricKind.Counter, "", "Keys written, deleted and refreshed in Redis.", static m => m.Node is null ? [] : m.Node.Shards.SelectMany(static s => new[]
        {
            new Sample(s.Counters.Writes, Labels(s, ("what", "written"))),
            new Sample(s.Counters.Deletes, Labels(s, ("what", "deleted"))),
            new Sample(s.Counters.Refreshes, Labels(s, ("what", "refreshed"))),
        })),
        OfShard("fa_publish_batches", "", "Publish batches that Redis acknowledged.", static c => c.Batches),
        OfShard("fa_publish_errors", "", "Publish batches that Redis did not answer or refused for now; each is sent again.", static c => c.SinkErrors),
        OfShard("fa_publish_stale_refused", "", "Publish batches refused because another owner has a higher epoch.", static c => c.StaleRefused),
        OfShard("fa_publish_losses", "", "Times Redis was found to have lost data; what it lacks is written again.", static c => c.SinkLosses),
        new("fa_publish_queue_batches", MetricKind.Gauge, "", "Publish batches that wait for Redis.", static m => Shards(m, static s => s.PublishQueue)),
    ];

    private static IEnumerable<Metric> OfCheckpoints() =>
    [
        OfShard("fa_checkpoints", "", "Checkpoints committed.", static c => c.Checkpoints),
        OfShard("fa_checkpoint_written_bytes", "bytes", "Bytes of entities committed.", static c => c.CheckpointBytes),
        OfShard("fa_checkpoint_entities", "", "Entities committed, deletions included.", static c => c.CheckpointEntities),
        OfShard("fa_checkpoint_seconds", "seconds", "Time that checkpoints took in the store, summed.", static c => c.CheckpointMicroseconds / 1e6),
    ];

    private static IEnumerable<Metric> OfNode() =>
    [
        new("fa_dead_letters", MetricKind.Counter, "", "Events handed to the dead letters since the start.", static m => m.Node is null ? [] : m.Node.Refused.Select(static r =>
            new Sample(r.Value, ("reason", r.Key)))),
        new("fa_rebalances", MetricKind.Counter, "", "Shards assigned to this node or taken from it.", static m => One(m.Node?.Rebalances)),
        new("fa_steals", MetricKind.Counter, "", "Times a shard that is assigned to this node was found to be another's.", static m => One(m.Node?.Steals)),
        new("fa_plugin_faults", MetricKind.Counter, "", "Calls of plug-ins that failed.", static m => m.Node is null ? [] : m.Node.Plugins.Select(static p =>
            new Sample(p.Faults, ("kind", p.Kind), ("name", p.Name), ("plugin", p.Plugin)))),
        new("fa_plugin_off", MetricKind.Gauge, "", "1 while something of a plug-in is switched off.", static m => m.Node is null ? [] : m.Node.Plugins.Select(static p =>
            new Sample(p.IsOff ? 1 : 0, ("kind", p.Kind), ("name", p.Name), ("plugin", p.Plugin)))),
        new("fa_plugin_stuck_threads", MetricKind.Gauge, "", "Threads that hang in calls of plug-ins.", static m => One(m.Node?.StuckThreads)),
        new("fa_build_info", MetricKind.Gauge, "", "1, with the version that runs.", static _ => [new Sample(1, ("version", Version))]),
    ];

    // Names as Prometheus' own client libraries give them.
    private static IEnumerable<Metric> OfProcess() =>
    [
        new("process_cpu_seconds", MetricKind.Counter, "seconds", "CPU time of the process, user and system.", static _ => [new Sample(Environment.CpuUsage.TotalTime.TotalSeconds)]),
        new("process_resident_memory_bytes", MetricKind.Gauge, "bytes", "Resident memory.", static _ => [new Sample(Environment.WorkingSet)]),
        new("process_start_time_seconds", MetricKind.Gauge, "seconds", "Start of the process, Unix seconds.", static _ => [new Sample(StartSeconds)]),
        new("dotnet_gc_heap_bytes", MetricKind.Gauge, "bytes", "Managed heap after the last collection.", static _ => [new Sample(GC.GetGCMemoryInfo().HeapSizeBytes)]),
        new("dotnet_gc_collections", MetricKind.Counter, "", "Garbage collections.", static _ => Enumerable.Range(0, GC.MaxGeneration + 1).Select(static g =>
            new Sample(GC.CollectionCount(g), ("generation", g.ToString(CultureInfo.InvariantCulture))))),
        new("dotnet_gc_pause_seconds", MetricKind.Counter, "seconds", "Time that collections stopped the process.", static _ => [new Sample(GC.GetTotalPauseDuration().TotalSeconds)]),
    ];

    private static string Version { get; } =
        typeof(NodeMetrics).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static double StartSeconds { get; } = ReadStart();

    private static double ReadStart()
    {
        using var process = Process.GetCurrentProcess();
        return (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
    }

    private static Metric OfSource(string name, string unit, string help, Func<IngestCounters, double> read) =>
        new(name, MetricKind.Counter, unit, help, m => Sources(m, s => read(s.Counters)));

    private static Metric OfShard(string name, string unit, string help, Func<ShardCounters, double> read) =>
        new(name, MetricKind.Counter, unit, help, m => Shards(m, s => read(s.Counters)));

    private static Metric OfFormats(string name, string help, Func<ShardCounters, long[]> read) =>
        new(name, MetricKind.Counter, "", help, m => m.Node is null ? [] : m.Node.Shards.SelectMany(s => read(s.Counters).Select((count, format) =>
            new Sample(count, Labels(s, ("format", format.ToString(CultureInfo.InvariantCulture))))).Skip(StoredFormat.Oldest)));

    private static IEnumerable<Sample> Sources(MetricMoment moment, Func<SourceStatus, double> read) => moment.Node is null
        ? []
        : moment.Node.Sources.Select(s => new Sample(read(s), ("source", s.Source), ("partition", s.Partition.ToString(CultureInfo.InvariantCulture))));

    private static IEnumerable<Sample> Shards(MetricMoment moment, Func<ShardStatus, double> read) => moment.Node is null
        ? []
        : moment.Node.Shards.Select(s => new Sample(read(s), Labels(s)));

    private static (string Name, string Value)[] Labels(ShardStatus shard, params ReadOnlySpan<(string Name, string Value)> more) =>
        [("entity", shard.Shard.Entity), ("partition", shard.Shard.Partition.ToString(CultureInfo.InvariantCulture)), .. more];

    private static IEnumerable<Sample> One(long? value) => value is { } known ? [new Sample(known)] : [];
}

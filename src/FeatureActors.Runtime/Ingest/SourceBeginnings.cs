using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Hosting;

namespace FeatureActors.Runtime.Ingest;

/// <summary>Finds where reading of a source partition begins.</summary>
/// <param name="plan">The source.</param>
/// <param name="source">Its events.</param>
/// <param name="partition">The partition.</param>
/// <param name="ports">Has positions and older definitions.</param>
/// <param name="options">The node's settings.</param>
/// <param name="time">The node's clock.</param>
internal sealed class SourceBeginnings(
    IngestPlan plan, IEventSource source, int partition, NodePorts ports, NodeRuntimeOptions options, TimeProvider time)
{
    /// <summary>
    /// Finds it. A version that begins here is announced first: from then on a node of older definitions that is not quite gone saves no
    /// position. Then each shard is told in its log, behind which it takes nothing more of such a node. Whatever that node has in the logs
    /// is so below the end of the partition that is asked for after that: there the version begins.
    /// </summary>
    /// <param name="shards">The shards that rows go to.</param>
    /// <param name="append">Appends to the log of a shard until it has the bytes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async ValueTask<SourceBeginning> FindAsync(
        IEnumerable<ShardId> shards, Func<ShardId, ReadOnlyMemory<byte>, Task> append, CancellationToken cancellationToken)
    {
        SourceBeginning found = await FindOffsetAsync(cancellationToken).ConfigureAwait(false);
        if (found.Halt is not null)
        {
            return found;
        }

        IReadOnlyList<DefinitionsStart> versions = await BeginAsync(found.Lane, DefinitionsStart.Announced, cancellationToken).ConfigureAwait(false);
        if (versions[^1].Version > plan.DefinitionsVersion)
        {
            return found with { State = IngestState.NewerDefinitions, Halt = WaitText(versions[^1]) };
        }

        if (versions[^1].IsAnnounced)
        {
            ReadOnlyMemory<byte> notice = NoticeOf(found, versions[0].Version);
            await Task.WhenAll(shards.Select(s => append(s, notice))).WaitAsync(cancellationToken).ConfigureAwait(false);
            found = await FindOffsetAsync(cancellationToken).ConfigureAwait(false);
            if (found.Halt is not null)
            {
                return found;
            }

            versions = await BeginAsync(found.Lane, found.End, cancellationToken).ConfigureAwait(false);
            if (versions[^1].Version > plan.DefinitionsVersion)
            {
                return found with { State = IngestState.NewerDefinitions, Halt = WaitText(versions[^1]) };
            }
        }

        return found with { Course = await SourceCourse.OpenAsync(versions, found.Start, plan, ports, cancellationToken).ConfigureAwait(false) };
    }

    private string WaitText(DefinitionsStart newer)
    {
        string where = newer.IsAnnounced ? "is about to take effect there" : $"takes effect there at offset {newer.From}";
        return $"source {plan.Source} partition {partition} waits: version {newer.Version} of the definitions {where}, this node has version {plan.DefinitionsVersion}; a node with the newer definitions goes on: start this one with them";
    }

    private async ValueTask<IReadOnlyList<DefinitionsStart>> BeginAsync(int lane, long from, CancellationToken cancellationToken)
    {
        IReadOnlyList<DefinitionsStart> versions = await ports.Positions
            .BeginVersionAsync(new DefinitionsStart(plan.Source, partition, lane, plan.DefinitionsVersion, from), cancellationToken).ConfigureAwait(false);
        return versions.Count > 0
            ? versions
            : throw new InvalidOperationException($"another node opened a newer lane of source {plan.Source} partition {partition} than {lane}");
    }

    /// <summary>A batch without rows that says which definitions the partition's reader has.</summary>
    private byte[] NoticeOf(SourceBeginning found, long version)
    {
        long nowMs = time.GetUtcNow().ToUnixTimeMilliseconds();
        var writer = new BatchWriter(options.WriteFormat);
        writer.Begin(plan.Source, 0, nowMs, []);
        var header = new BatchHeader(version, found.Lane, plan.Source, partition, found.Partitions, 0, -1, long.MinValue, IsEnd: false, nowMs)
        {
            NodeVersion = plan.DefinitionsVersion,
        };
        return writer.Complete(header).ToArray();
    }

    private async ValueTask<SourceBeginning> FindOffsetAsync(CancellationToken cancellationToken)
    {
        int partitions = await source.CountPartitionsAsync(cancellationToken).ConfigureAwait(false);
        SourcePosition? saved = await ports.Positions.ReadAsync(plan.Source, partition, cancellationToken).ConfigureAwait(false);
        LogRange range = await source.GetRangeAsync(partition, cancellationToken).ConfigureAwait(false);
        var found = new SourceBeginning { Partitions = partitions, Lane = saved?.Lane ?? 0, Start = range.Begin, End = range.End };
        if (saved is null || range.End >= saved.NextOffset)
        {
            return found with { Start = saved?.NextOffset ?? range.Begin };
        }

        return options.NewLanes.Contains(plan.Source)
            ? found with { Lane = saved.Lane + 1 }
            : found with
            {
                State = IngestState.SourceRewound,
                Halt = $"source {plan.Source} partition {partition} ends at {range.End}, everything below {saved.NextOffset} was read before: nothing is consumed; if the source was recreated on purpose, start once with fa.ingest.new-lanes = [{plan.Source}]",
            };
    }
}

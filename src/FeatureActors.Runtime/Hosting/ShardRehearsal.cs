using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Shards;
using Microsoft.Extensions.Logging.Abstractions;

namespace FeatureActors.Runtime.Hosting;

/// <summary>
/// Moves a shard from one node to another before this node asks for any, in two acts: the first takes it, applies, evaluates, publishes,
/// keeps it and hands it over; the second finds its entities in the store, loads them and goes on. So clients have connected and code is
/// compiled before a shard stands still for it. Nothing of it is seen outside.
/// </summary>
internal sealed class ShardRehearsal(EntityPlan plan, IReadOnlyList<IngestPlan> sources, ShardOptions options, ShardServices services, RehearsalPorts? ports)
{
    private const int Rows = 256;
    private const int Keys = 16;

    // As far as timers and checkpoints of most definitions are apart, in steps that a clock may take.
    private const int StepsMax = 60;
    private static readonly TimeSpan Step = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    // What was asked for in the last step may still be under way.
    private const int PausesMax = 3_000;

    private readonly EntityPlan _plan = plan with { Shards = 1 };
    private readonly RehearsalTime _time = new(services.Time);

    /// <summary>Runs it to its end, or until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var stage = new RehearsalStage(ports, _time);
        var baton = new SemaphoreSlim(1);
        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        IShardOwnership first = ports?.Join?.Invoke() ?? new RehearsalOwnership(baton);
        IShardOwnership second = ports?.Join?.Invoke() ?? new RehearsalOwnership(baton);
        await using (first.ConfigureAwait(false))
        await using (second.ConfigureAwait(false))
        {
            ShardSupervisor giver = Node(stage, first);
            ShardSupervisor heir = Node(stage, second);
            List<Task> watches = [];
            try
            {
                stage.Begin(Batch(0));
                await giver.OpenLogsAsync(cancellationToken).ConfigureAwait(false);
                await heir.OpenLogsAsync(cancellationToken).ConfigureAwait(false);
                watches.Add(giver.WatchAsync(over.Token));
                await PlayAsync(stage, giver, cancellationToken).ConfigureAwait(false);
                stage.Begin(Batch(Rows));
                watches.Add(heir.WatchAsync(over.Token));
                while (!await first.RetireAsync(cancellationToken).ConfigureAwait(false))
                {
                    await Task.Delay(Pause, services.Time, cancellationToken).ConfigureAwait(false);
                }

                await watches[0].WaitAsync(cancellationToken).ConfigureAwait(false);
                await PlayAsync(stage, heir, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                await heir.EndAllAsync(Step).ConfigureAwait(false);
                await giver.EndAllAsync(Step).ConfigureAwait(false);
                await over.CancelAsync().ConfigureAwait(false);
                await Task.WhenAll(watches).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private ShardSupervisor Node(RehearsalStage stage, IShardOwnership ownership) => new(
        services with
        {
            Ports = services.Ports with { Checkpoints = stage, Log = stage, Sink = stage, Ownership = ownership },
            Time = _time,
            Logger = NullLogger.Instance,
        },
        new Dictionary<string, EntityPlan>(StringComparer.Ordinal) { [_plan.Entity] = _plan },
        options);

    /// <summary>Lets time pass for a node, from when its shard runs on, until everything was seen that an act has.</summary>
    private async Task PlayAsync(RehearsalStage stage, ShardSupervisor node, CancellationToken cancellationToken)
    {
        TimeSpan last = _time.Ahead + (Step * StepsMax);
        for (int pauses = 0; !stage.IsPlayed && pauses < PausesMax; pauses++)
        {
            if (node.Actors.FirstOrDefault() is { } actor)
            {
                _time.Advance(actor.State == ShardState.Running && _time.Ahead < last ? Step : TimeSpan.Zero);
                actor.Tick(_time.GetUtcNow().ToUnixTimeMilliseconds(), (long)_time.GetElapsedTime(0).TotalMilliseconds);
            }

            await Task.Delay(Pause, services.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Rows as a source of the entity would make them, with a value in every column; null when no source feeds it.</summary>
    private byte[]? Batch(int first)
    {
        IngestPlan? source = sources.FirstOrDefault(s => s.Routes.Any(r => r.Entity == _plan.Entity));
        if (source is null)
        {
            return null;
        }

        RoutePlan route = source.Routes.First(r => r.Entity == _plan.Entity);
        ulong groups = route.Groups.Aggregate(0UL, static (bits, g) => bits | (1UL << g.Number));
        long now = services.Time.GetUtcNow().ToUnixTimeMilliseconds();
        var made = new DecodedEvent(route.Columns.Select(static c => c.Field + 1).DefaultIfEmpty(0).Max()) { EventTimeMs = now };
        var writer = new BatchWriter();
        writer.Begin(source.Source, 0, now, route.Columns);
        for (int row = 0; row < Rows; row++)
        {
            Fill(made, route.Columns, row);
            writer.Add(first + row, 0, groups, 0, [(byte)'r', (byte)('a' + (row % Keys))], made.View(now), route.Columns);
        }

        long clock = _plan.Clock == ClockKind.Event ? now : long.MinValue;
        return writer.Complete(new BatchHeader(source.DefinitionsVersion, 0, source.Source, 0, 1, first, first + Rows - 1, clock, IsEnd: false, now)).ToArray();
    }

    private static void Fill(DecodedEvent made, IReadOnlyList<RowColumn> columns, int row)
    {
        long time = made.EventTimeMs;
        made.Clear();
        made.EventTimeMs = time;
        foreach (RowColumn column in columns)
        {
            ref RowCell cell = ref made.Cells[column.Field];
            cell.IsPresent = true;
            switch (column.Type)
            {
                case FieldType.String:
                    cell.Offset = made.Bytes.Append([(byte)'v', (byte)('a' + (row % Keys))]);
                    cell.Length = made.Bytes.Length - cell.Offset;
                    break;
                case FieldType.Decimal:
                    cell.Offset = made.Bytes.Append((decimal)row);
                    cell.Length = made.Bytes.Length - cell.Offset;
                    break;
                case FieldType.Double:
                    cell.Bits = BitConverter.DoubleToInt64Bits(row + 0.5);
                    break;
                default:
                    cell.Bits = row & 1;
                    break;
            }
        }
    }
}

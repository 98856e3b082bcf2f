using System.Text;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Payloads;
using FeatureActors.Hocon;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Ingest;
using FeatureActors.Runtime.Shards;
using FeatureActors.TestKit.Ports;

namespace FeatureActors.Runtime.Tests.Shards;

/// <summary>A value that falls with time alone, through the production shard, its store and its sink.</summary>
public sealed class AgeingShardTests : IDisposable
{
    private const string Key = "fa:n:g:k";
    private const long SecondMs = 1_000;

    // 100 halves every 80 s and is below 1 from 531.5 s on; it is looked at every 10 s.
    private const string Definitions =
        """
        namespace = n
        sources.s { format = json, event-time { field = t, unit = ms }, fields { t = long, id = string, v = double } }
        entities.e { key = [string], shards = 1 }
        groups.g { entity = e, source = s, key = id, features { warmth { type = decayed-sum, of = v, half-life = 80s, epsilon = 1 } } }
        """;

    // A multiple of 80 s.
    private const long Start = 1_700_000_000_000;

    private static readonly ShardId Shard = new("e", 0);

    private readonly DefinitionsPlan _plan;
    private readonly Clock _clock = new() { NowMs = Start };
    private readonly InMemoryCheckpointStore _store;
    private readonly InMemoryFeatureSink _sink;
    private readonly List<LogEntry> _log = [];
    private ShardMachine _machine;

    public AgeingShardTests()
    {
        DefinitionsModel model = DefinitionsBinder.Bind(
            HoconParser.ParseText(Definitions, "d.conf"), new FeatureTypeRegistry(BuiltInFeatureTypes.All));
        _plan = PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model));
        _store = new InMemoryCheckpointStore(_clock);
        _sink = new InMemoryFeatureSink(_clock);
        _machine = NewMachine();
    }

    public void Dispose() => _machine.Dispose();

    [Fact]
    public async Task A_decayed_value_is_published_at_its_steps_survives_a_restart_cold_and_is_deleted_when_it_is_spent()
    {
        AddRow(100);
        await AcquireAsync();
        await AdvanceToAsync(2);
        Assert.InRange(Value()!.Value, 98, 100);
        await AdvanceToAsync(15);
        Assert.Equal(91.70040432046712, Value());
        Assert.Equal(Start + (540 * SecondMs) + 3_600_000, _sink.FindExpiryMs(Key));
        await AdvanceToAsync(25);
        Assert.Equal(84.08964152537146, Value()!.Value, 12);

        _machine.Dispose();
        _machine = NewMachine();
        await AcquireAsync();
        Assert.Equal(0, _machine.Counters.Loads);
        await AdvanceToAsync(85);
        Assert.Equal(50, Value());
        Assert.Equal(1, _machine.Counters.Loads);

        await AdvanceToAsync(539);
        Assert.InRange(Value()!.Value, 1, 1.1);
        await AdvanceToAsync(545);
        Assert.Null(_sink.TryRead(Key));
        await AdvanceToAsync(560);
        Assert.Equal(0, _store.CountEntities(Shard));
    }

    private ShardMachine NewMachine() => new(
        Shard, _plan.Entities[0], new ShardOptions { CheckpointInterval = TimeSpan.FromSeconds(1) }, new ChunkPool());

    private double? Value() => _sink.TryRead(Key) is { } fields && fields.TryGetValue("warmth", out string? text)
        ? double.Parse(text, System.Globalization.CultureInfo.InvariantCulture)
        : null;

    private async Task AcquireAsync()
    {
        await StepAsync(Tick());
        ShardCheckpoint checkpoint = await _store.AcquireAsync(Shard, new ShardIdentity(1, "h", "l"), new ShardOwner("n", ""), CancellationToken.None);
        await StepAsync(new ShardInput.Acquired(checkpoint, new LogRange(0, _log.Count)));
    }

    private async Task AdvanceToAsync(long second)
    {
        while (_clock.NowMs < Start + (second * SecondMs))
        {
            _clock.NowMs += SecondMs / 4;
            await StepAsync(Tick());
        }
    }

    private ShardInput.Tick Tick() => new(_clock.NowMs, _clock.NowMs - Start + SecondMs);

    private async Task StepAsync(ShardInput first)
    {
        var inputs = new Queue<ShardInput>([first]);
        var outputs = new List<ShardOutput>();
        while (inputs.TryDequeue(out ShardInput? input))
        {
            outputs.Clear();
            _machine.Step(input, outputs);
            foreach (ShardOutput output in outputs)
            {
                if (await AnswerAsync(output) is { } answer)
                {
                    inputs.Enqueue(answer);
                }
            }

            if (inputs.Count == 0 && _machine.WantsLog && _machine.ReadOffset < _log.Count)
            {
                inputs.Enqueue(new ShardInput.LogRead(_log[(int)_machine.ReadOffset..]));
            }
        }
    }

    private async Task<ShardInput?> AnswerAsync(ShardOutput output) => output switch
    {
        ShardOutput.RaiseFence raise => new ShardInput.FenceRaised(
            await _sink.RaiseFenceAsync(Shard, raise.Epoch, raise.Batch, CancellationToken.None), _log.Count),
        ShardOutput.ReadFence => new ShardInput.FenceRead(await _sink.ReadFenceAsync(Shard, CancellationToken.None)),
        ShardOutput.Publish publish => new ShardInput.Published(
            publish.Batch.Batch, await _sink.WriteAsync(publish.Batch, CancellationToken.None)),
        ShardOutput.WantCheckpoint => new ShardInput.CheckpointPermitted(),
        ShardOutput.Commit commit => new ShardInput.CommitEnded(
            commit.Write.Header.CheckpointId, await _store.CommitAsync(Shard, commit.Epoch, commit.Write, CancellationToken.None)),
        ShardOutput.LoadKeys load => new ShardInput.Loaded(load.Keys, await _store.LoadAsync(Shard, load.Keys, CancellationToken.None)),
        ShardOutput.ReadDue due => new ShardInput.DueLoaded(
            due, await _store.ReadDueAsync(Shard, due.DueAtOrBeforeMs, due.After, due.Limit, CancellationToken.None)),
        ShardOutput.ReadKeys keys => new ShardInput.KeysLoaded(
            keys, await _store.ReadKeysAsync(Shard, keys.After, keys.OnlyUnpublished, keys.Limit, CancellationToken.None)),
        ShardOutput.ScanSink scan => new ShardInput.SinkScanned(await _sink.ScanAsync(scan.Cursor, CancellationToken.None)),
        ShardOutput.ReadStoreClock => new ShardInput.StoreClockRead(_clock.NowMs),
        _ => null,
    };

    private void AddRow(double value)
    {
        IngestPlan source = _plan.Sources[0];
        var target = new Rows(source.Routes[0].Columns);
        target.Writer.Begin(source.Source, 0, Start, source.Routes[0].Columns);
        byte[] record = Encoding.UTF8.GetBytes(FormattableString.Invariant($$"""{"t":{{Start}},"id":"k","v":{{value}}}"""));
        new EventRouter(source).Route(record, Start, target);
        var header = new BatchHeader(source.DefinitionsVersion, 0, source.Source, 0, 1, 0, 0, Start, false, Start);
        _log.Add(new LogEntry(_log.Count, target.Writer.Complete(header).ToArray()));
    }

    private sealed class Rows(IReadOnlyList<RowColumn> columns) : IRowTarget
    {
        public BatchWriter Writer { get; } = new();

        public void Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row) =>
            Writer.Add(0, ordinal, groups, eventIdHash, key, row, columns);

        public void Refuse(int ordinal, string group, string reason, string error) => throw new InvalidOperationException(error);
    }

    private sealed class Clock : TimeProvider
    {
        public long NowMs { get; set; }

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);
    }
}

using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Entities;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Runtime.Batch;

/// <summary>
/// The engine over a file: events sorted by event time (equal times keep the file's order), a virtual clock instead of the node's.
/// At each time T everything with an event time at or before T was applied and nothing later, so values are right for that point in
/// time. Events, rows and state stay in memory. Use one instance for one run.
/// </summary>
public sealed class BatchRun
{
    private readonly DefinitionsModel _model;
    private readonly IngestPlan _plan;
    private readonly EventFile _file;
    private readonly List<BatchEntities> _entities = [];
    private readonly EventIndex _events = new();
    private readonly Refusals _refusals = new();
    private long _read;

    /// <summary>A run of <paramref name="file"/> through <paramref name="model"/>.</summary>
    /// <exception cref="ArgumentException">No group reads <paramref name="source"/>, or there is no such source.</exception>
    /// <exception cref="EventFileException">The file lacks a needed column.</exception>
    public BatchRun(DefinitionsModel model, string source, EventFile file)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(file);
        _model = model;
        _file = file;
        DefinitionsPlan plan = PlanCompiler.Compile(
            model,
            DefinitionsCatalog.Unapplied(model),
            (definition, options) => definition.Name == source ? file.CreateDecoder(options) : PlanCompiler.CreateDecoder(definition, options));
        IngestPlan? found = plan.Sources.FirstOrDefault(s => s.Source == model.Source(source).Name);

        // The virtual clock is the event time itself, so nothing lies in its future.
        _plan = found is null
            ? throw new ArgumentException($"no group reads source '{source}'", nameof(source))
            : found with { Clock = ClockKind.Event };
        file.CreateDecoder(PlanCompiler.DecoderOptionsOf(model, model.Source(source)));
        Plan = plan;
    }

    private DefinitionsPlan Plan { get; }

    /// <summary>Runs and writes JSON lines, ordered by T, group (as defined), key (bytewise) and field (as defined).</summary>
    /// <param name="timesMs">The evaluation times, ascending, at least one.</param>
    /// <param name="output">Receives the lines; stays open.</param>
    /// <param name="cancellationToken">Stops the run.</param>
    public BatchReport Run(IReadOnlyList<long> timesMs, Stream output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(timesMs);
        ArgumentNullException.ThrowIfNull(output);
        ReadEvents(timesMs[^1], cancellationToken);
        _events.Sort();
        var pool = new ChunkPool();
        _entities.AddRange(Plan.Entities.Select(p => new BatchEntities(p, pool)));
        try
        {
            using var lines = new BatchOutput(output);
            var rows = new RowPacker(_plan, _entities, _refusals, _events);
            int next = 0;
            foreach (long atMs in timesMs)
            {
                next = ApplyUpTo(atMs, next, rows, cancellationToken);
                Evaluate(atMs, lines, cancellationToken);
            }

            lines.Flush();
            return new BatchReport(_read, _events.Count, lines.Count, _refusals.ToList());
        }
        finally
        {
            _entities.ForEach(static e => e.Dispose());
        }
    }

    // The first pass over the events: which can be used, and in which order. What lies behind the last T is checked and left.
    private void ReadEvents(long lastMs, CancellationToken cancellationToken)
    {
        using EventFileReader reader = _file.OpenReader();
        var router = new EventRouter(_plan);
        var target = new RefusalTarget(_refusals);
        while (reader.Read())
        {
            cancellationToken.ThrowIfCancellationRequested();
            _read++;
            target.Line = reader.Line;
            router.Route(reader.Record.Span, 0, target);
            if (router.EventTimeMs != long.MinValue && router.EventTimeMs <= lastMs)
            {
                _events.Add(router.EventTimeMs, reader.Line, reader.Record.Span);
            }
        }
    }

    private int ApplyUpTo(long atMs, int next, RowPacker rows, CancellationToken cancellationToken)
    {
        for (; next < _events.Count && _events.EventTimeMs(next) <= atMs; next++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            rows.Route(next);
        }

        rows.Flush();
        return next;
    }

    private void Evaluate(long atMs, BatchOutput lines, CancellationToken cancellationToken)
    {
        int[][] orders = [.. _entities.Select(static e => e.OrderByKey())];
        foreach (GroupDefinition definition in _model.Groups)
        {
            int type = _entities.FindIndex(e => e.Plan.Entity == definition.Entity);
            BatchEntities entities = _entities[type];
            int group = entities.Plan.Groups.Select((g, i) => (g, i)).First(p => p.g.Name == definition.Name).i;
            IReadOnlyList<FieldType> keyTypes = _model.Entity(definition.Entity).Key;
            foreach (int entity in orders[type])
            {
                cancellationToken.ThrowIfCancellationRequested();
                var values = entities.Evaluate(entity, group, atMs);
                if (values.IsAlive)
                {
                    lines.Write(entities.Plan.Groups[group], keyTypes, entities.Key, atMs, values);
                }
            }
        }
    }

    /// <summary>Of the first pass only what is refused counts.</summary>
    private sealed class RefusalTarget(Refusals refusals) : IRowTarget
    {
        public long Line { get; set; }

        public void Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row)
        {
        }

        public void Refuse(int ordinal, string group, string reason, string error) => refusals.Add(reason, Line, error);
    }

    /// <summary>The second pass: packs rows as ingest does, a batch per entity type, and applies each full batch.</summary>
    private sealed class RowPacker : IRowTarget
    {
        private const int BatchBytes = 64 * 1024;

        private readonly IngestPlan _plan;
        private readonly List<BatchEntities> _entities;
        private readonly Refusals _refusals;
        private readonly EventIndex _events;
        private readonly EventRouter _router;
        private readonly BatchWriter?[] _writers;
        private readonly int[] _entityOfRoute;
        private readonly IReadOnlyList<RowColumn>[] _columns;
        private int _place;

        public RowPacker(IngestPlan plan, List<BatchEntities> entities, Refusals refusals, EventIndex events)
        {
            _plan = plan;
            _entities = entities;
            _refusals = refusals;
            _events = events;
            _router = new EventRouter(plan);
            _writers = new BatchWriter?[entities.Count];
            _columns = new IReadOnlyList<RowColumn>[entities.Count];
            _entityOfRoute = [.. plan.Routes.Select(r => entities.FindIndex(e => e.Plan.Entity == r.Entity))];
        }

        public void Route(int place)
        {
            _place = place;
            _router.Route(_events.Bytes(place), _events.EventTimeMs(place), this);
        }

        public void Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row)
        {
            int entity = _entityOfRoute[ordinal];
            if (_writers[entity] is not { Count: > 0 } writer)
            {
                // All routes from a source to an entity carry the same columns.
                writer = _writers[entity] ??= new BatchWriter();
                _columns[entity] = _plan.Routes[ordinal].Columns;
                writer.Begin(_plan.Source, _place, row.IngestTimeMs, _columns[entity]);
            }

            writer.Add(_place, ordinal, groups, eventIdHash, key, row, _columns[entity]);
            if (writer.Length >= BatchBytes)
            {
                Complete(entity);
            }
        }

        // Counted in the first pass.
        public void Refuse(int ordinal, string group, string reason, string error)
        {
        }

        public void Flush()
        {
            for (int entity = 0; entity < _writers.Length; entity++)
            {
                if (_writers[entity] is { Count: > 0 })
                {
                    Complete(entity);
                }
            }
        }

        private void Complete(int entity)
        {
            BatchWriter writer = _writers[entity]!;
            var header = new BatchHeader(_plan.DefinitionsVersion, 0, _plan.Source, 0, 1, 0, _place, long.MinValue, IsEnd: false, 0);
            _entities[entity].Apply(writer.Complete(header), _refusals, _events);
            writer.Begin(_plan.Source, 0, 0, _columns[entity]);
        }
    }
}

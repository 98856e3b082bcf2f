using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Benchmarks.Limits;
using FeatureActors.Benchmarks.Nodes;
using FeatureActors.Benchmarks.Reports;
using FeatureActors.Benchmarks.Streams;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Slots;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Benchmarks;

/// <summary>
/// Evaluations of one key whose windows are full: an event every few minutes for more than seven days, evaluated all the while, then again
/// and again while no slot ages. Beside it three sums over as many longs as the windows of <c>count</c> have slots.
/// </summary>
internal static class EvaluateBenchmark
{
    private const int EventEveryMs = 5 * 60_000;
    private const int EvaluateEveryMs = 60 * 60_000;
    private const long FilledMs = 8 * 86_400_000L;

    // In the middle of a minute, so that the evaluations measured see no slot age.
    private const long StartMs = 1_760_000_020_000;

    /// <summary>Runs it.</summary>
    public static void Run(BenchOptions options)
    {
        int evaluations = options.Events > 0 ? (int)options.Events : 20_000;
        var report = new BenchReport("evaluate", options);
        IEnumerable<string> profiles = options.Profiles.Count > 0 ? options.Profiles : [Profile.Rich, .. Profile.Features.Keys];
        foreach (string profile in profiles)
        {
            var runs = new List<(string, double)[]>();
            for (int run = 0; run < options.Runs; run++)
            {
                runs.Add(MeasureOnce(profile, evaluations));
            }

            report.AddMedians(profile, runs);
        }

        report.Finish();
    }

    private static (string, double)[] MeasureOnce(string profile, int evaluations)
    {
        DefinitionsPlan plan = Profile.Plan(new ProfileOptions(profile) { Shards = 1, IsEventClock = true });
        var entity = new FullEntity(plan);
        long now = StartMs;
        for (long end = StartMs + FilledMs; now < end; now += EventEveryMs)
        {
            entity.Apply(now);
            if (now % EvaluateEveryMs < EventEveryMs)
            {
                entity.Evaluate(now);
            }
        }

        int slots = entity.Slots;
        var windows = new SlotSums(entity.WindowSlots(now));
        double evaluate = 0;
        double bare = 0;
        for (int pass = 0; pass < 2; pass++)
        {
            long began = ProcessCost.ThreadNs();
            for (int i = 0; i < evaluations; i++)
            {
                entity.Evaluate(now + (i & 1023));
            }

            evaluate = (ProcessCost.ThreadNs() - began) / (double)evaluations;
            began = ProcessCost.ThreadNs();
            for (int i = 0; i < evaluations; i++)
            {
                windows.Read();
            }

            bare = (ProcessCost.ThreadNs() - began) / (double)evaluations;
        }

        return
        [
            ("ns per evaluation", evaluate),
            ("slots", slots),
            ("ns of three bare sums", bare),
            ("value bytes", entity.ValueBytes),
        ];
    }

    /// <summary>One entity outside of a shard.</summary>
    private sealed class FullEntity : IRowTarget
    {
        private readonly EventStream _stream = new(1, isUniform: true);
        private readonly EventRouter _router;
        private readonly IngestPlan _source;
        private readonly BatchWriter _writer = new();
        private readonly BatchReader _reader;
        private readonly EntityPlan _plan;
        private readonly EntityBlock _block;
        private readonly EntityUpdater _updater;
        private readonly GroupEvaluator _evaluator;
        private readonly GroupValues _values = new();
        private SlotReference[] _references = new SlotReference[16];

        public FullEntity(DefinitionsPlan plan)
        {
            _source = plan.Sources[0];
            _router = new EventRouter(_source);
            _plan = plan.Entities[0].ForShard(new PluginCallWatch());
            _reader = new BatchReader([.. _plan.Columns.Select(static c => c.Numbers)]);
            var layout = new EntityLayout(_plan);
            _block = new EntityBlock(layout, new ArrayBlockMemory());
            _block.Create("k"u8);
            _updater = new EntityUpdater(layout, _block);
            _evaluator = new GroupEvaluator(layout, _block);
        }

        public int Slots
        {
            get
            {
                int slots = 0;
                for (int f = 0; f < _plan.Features.Count; f++)
                {
                    slots += _block.ListSlots(f, ref _references);
                }

                return slots;
            }
        }

        public int ValueBytes => _values.Bytes.Length;

        public void Apply(long nowMs)
        {
            _writer.Begin(_source.Source, 0, nowMs, _source.Routes[0].Columns);
            _router.Route(_stream.Next(nowMs).Span, nowMs, this);
            var header = new BatchHeader(_source.DefinitionsVersion, 0, _source.Source, 0, 1, 0, 0, nowMs, false, nowMs);
            _reader.Open(_writer.Complete(header).ToArray());
            RowHead head = _reader.ReadHead(_reader.FirstRow);
            _updater.Apply(head, _reader.ReadColumns(head), nowMs);
            if (_updater.Faults.Count > 0)
            {
                throw _updater.Faults[0].Error;
            }
        }

        public void Evaluate(long nowMs) => _evaluator.Evaluate(0, nowMs, _values);

        /// <summary>Number of slots in each window of the feature that has most.</summary>
        public int[] WindowSlots(long nowMs)
        {
            int most = Enumerable.Range(0, _plan.Features.Count).MaxBy(f => _block.ListSlots(f, ref _references));
            int count = _block.ListSlots(most, ref _references);
            return
            [
                .. _plan.Features[most].Timeline.Windows.Select(
                    w => _references.Take(count).Count(s => s.StartMs >= w.FirstStart(nowMs) && s.StartMs < w.EndStart(nowMs))),
            ];
        }

        public void Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row) =>
            _writer.Add(0, ordinal, groups, eventIdHash, key, row, _source.Routes[0].Columns);

        public void Refuse(int ordinal, string group, string reason, string error) => throw new InvalidOperationException(error);
    }
}

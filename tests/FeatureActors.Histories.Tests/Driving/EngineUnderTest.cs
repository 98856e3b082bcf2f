using System.Text;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Payloads;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Slots;
using FeatureActors.Histories.Tests.Model;
using FeatureActors.Hocon;
using FeatureActors.Runtime.Ingest;

namespace FeatureActors.Histories.Tests.Driving;

/// <summary>
/// One entity on the engine's own path: definitions text, plan with numbers, event bytes, row, batch, block, values.
/// </summary>
internal sealed class EngineUnderTest : IRowTarget
{
    private readonly EntityPlan _plan;
    private readonly IngestPlan _source;
    private readonly EntityLayout _layout;
    private readonly EventRouter _router;
    private readonly BatchWriter _writer = new();
    private readonly BatchReader _reader;
    private readonly GroupValues _values = new();
    private EntityBlock _block;
    private EntityUpdater _updater;
    private GroupEvaluator _evaluator;
    private long _offset;

    public EngineUnderTest(DefinitionsPlan plan)
    {
        _plan = plan.Entities[0];
        _source = plan.Sources[0];
        _layout = new EntityLayout(_plan);
        _router = new EventRouter(_source);
        _reader = new BatchReader([.. _plan.Columns.Select(static c => c.Numbers)]);
        _block = new EntityBlock(_layout, new ArrayBlockMemory());
        _block.Create("e"u8);
        _updater = new EntityUpdater(_layout, _block);
        _evaluator = new GroupEvaluator(_layout, _block);
    }

    public IReadOnlyList<string> FieldNames => [.. _plan.Groups[0].Fields.Select(static f => f.Name)];

    public bool IsAlive => _values.IsAlive;

    public long NextDueMs => _values.NextDueMs;

    public static DefinitionsPlan Compile(string text)
    {
        DefinitionsModel model = DefinitionsBinder.Bind(HoconParser.ParseText(text, "history.conf"), new FeatureTypeRegistry([.. BuiltInFeatureTypes.All, new PluginFeatureType(new PairFeatureType(), "histories")]));
        return PlanCompiler.Compile(model, DefinitionsCatalog.Unapplied(model));
    }

    /// <summary>Takes an event at T through ingest and the log to the entity.</summary>
    public Fate Apply(HistoryRow row, long nowMs)
    {
        _writer.Begin(_source.Source, _offset, nowMs, _source.Routes[0].Columns);
        _router.Route(row.ToJson(), nowMs, this);
        _offset++;
        if (_writer.Count == 0)
        {
            return Fate.Filtered;
        }

        var header = new BatchHeader(0, 0, _source.Source, 0, 1, _offset - 1, _offset - 1, long.MinValue, IsEnd: false, nowMs);
        _reader.Open(_writer.Complete(header));
        RowHead head = _reader.ReadHead(_reader.FirstRow);
        if (head.EventIdHash != 0 && _block.IsRemembered(head.EventIdHash))
        {
            return Fate.Repeated;
        }

        ulong taken = _updater.Apply(head, _reader.ReadColumns(head), nowMs, head.IngestTimeMs);
        if (_updater.Faults.Count > 0)
        {
            throw new InvalidOperationException($"the row costs feature {_plan.Features[_updater.Faults[0].Feature].Name} an error", _updater.Faults[0].Error);
        }

        if (taken == 0)
        {
            return Fate.Late;
        }

        if (head.EventIdHash != 0)
        {
            _block.TryRemember(head.EventIdHash, head.EventTimeMs, nowMs - _plan.EventIdKeepMs, _plan.EventIdsMax, out _);
        }

        return Fate.Taken;
    }

    /// <summary>Evaluates the group at T; the values stand in the order of <see cref="FieldNames"/>.</summary>
    public PublishedValue[] Evaluate(long nowMs)
    {
        _evaluator.Evaluate(0, nowMs, _values);
        var published = new PublishedValue[_values.Count];
        for (int i = 0; i < published.Length; i++)
        {
            FieldValue field = _values.Fields[i];
            string? text = field.Kind == FeatureValueKind.Absent ? null : Encoding.UTF8.GetString(_values.Text(i));
            published[i] = new PublishedValue(text, field.Kind == FeatureValueKind.Text, (Marks)field.Quality);
        }

        return published;
    }

    /// <summary>As a passivation and a later load.</summary>
    public void SaveAndLoad()
    {
        byte[] stored = new byte[_block.SavedBytesMax];
        int length = _block.Save(stored);
        _block = new EntityBlock(_layout, new ArrayBlockMemory());
        _block.Load(stored.AsSpan(0, length));
        _updater = new EntityUpdater(_layout, _block);
        _evaluator = new GroupEvaluator(_layout, _block);
    }

    /// <summary>Drops and folds what has aged, as an owner does between evaluations.</summary>
    public void Compact(long nowMs)
    {
        for (int f = 0; f < _plan.Features.Count; f++)
        {
            _block.Compact(f, nowMs);
        }
    }

    void IRowTarget.Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row) =>
        _writer.Add(_offset, ordinal, groups, eventIdHash, key, row, _source.Routes[ordinal].Columns);

    void IRowTarget.Refuse(int ordinal, string group, string reason, string error) =>
        throw new InvalidOperationException($"the event was refused: {reason}: {error}");
}

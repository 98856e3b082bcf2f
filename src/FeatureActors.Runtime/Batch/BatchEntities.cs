using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Sharding;
using FeatureActors.Core.Slots;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Batch;

/// <summary>
/// All entities of one type in memory: rows are applied in order of event time, as a shard applies those of its log, and T is the
/// event time of the row.
/// </summary>
internal sealed class BatchEntities : IDisposable
{
    // Slots that no window needs are dropped every so many rows of an entity, so that memory follows retention, not history.
    private const int RowsBetweenCompactions = 64;

    private readonly EntityPlan _plan;
    private readonly EntityLayout _layout;
    private readonly BlockStore _store;
    private readonly EntityBlock _block;
    private readonly EntityTable _table;
    private readonly BatchReader _reader;
    private readonly EntityUpdater _updater;
    private readonly GroupEvaluator _evaluator;
    private readonly GroupValues _values = new();
    private readonly bool[] _canIdle;
    private readonly int[] _capped;
    private int[] _rows = new int[1024];

    public BatchEntities(EntityPlan plan, ChunkPool pool)
    {
        _plan = plan;
        _layout = new EntityLayout(plan);
        _store = new BlockStore(pool);
        _block = new EntityBlock(_layout, _store);
        _table = new EntityTable(_store, _block);
        _store.Attach(_table);
        _reader = new BatchReader([.. plan.Columns.Select(static c => c.Numbers)]);
        _updater = new EntityUpdater(_layout, _block);
        _evaluator = new GroupEvaluator(_layout, _block);
        _capped = [.. Enumerable.Range(0, plan.Features.Count).Where(f => plan.Features[f].Aggregate.SharedBytesMax > 0)];
        _canIdle = [.. plan.Groups.Select(g => g.Idle is not null
            && plan.Features.Skip(g.FirstFeature).Take(g.FeatureCount).Any(static f => f.IsIdleBound))];
    }

    public EntityPlan Plan => _plan;

    /// <summary>Applies the rows of a batch; their offsets are places of events.</summary>
    public void Apply(ReadOnlyMemory<byte> batch, Refusals refusals, EventIndex events)
    {
        _reader.Open(batch);
        int position = _reader.FirstRow;
        for (int i = 0; i < _reader.Count; i++)
        {
            RowHead head = _reader.ReadHead(position);
            position = head.End;
            int entity = FindOrCreate(_reader.KeyOf(head));
            ForgetWhatIsIdle(head.EventTimeMs);
            MakeRoom(head.EventTimeMs);
            if (head.EventIdHash != 0 && IsRepeated(head))
            {
                continue;
            }

            _updater.Apply(head, _reader.ReadColumns(head), head.EventTimeMs);
            if (_updater.LateGroups != 0 || _updater.Faults.Count > 0)
            {
                Report(head, refusals, events);
            }

            Count(entity, head.EventTimeMs);
        }
    }

    /// <summary>Places of all entities, ordered by key (bytewise).</summary>
    public int[] OrderByKey()
    {
        var keys = new byte[_table.Count][];
        var places = new int[_table.Count];
        int count = 0;
        for (int entity = 0; entity < _table.PlacesEnd; entity++)
        {
            _store.Open(entity);
            keys[count] = _block.Key.ToArray();
            places[count++] = entity;
        }

        Array.Sort(keys, places, Comparer<byte[]>.Create(static (a, b) => a.AsSpan().SequenceCompareTo(b)));
        return places;
    }

    /// <summary>Evaluates a group of an entity; the answer is valid until the next call.</summary>
    public GroupValues Evaluate(int entity, int group, long atMs)
    {
        _store.Open(entity);
        _evaluator.Evaluate(group, atMs, _values);
        return _values;
    }

    /// <summary>Key of the entity evaluated last, as the log spells it.</summary>
    public ReadOnlySpan<byte> Key => _block.Key;

    public void Dispose() => _store.Dispose();

    private int FindOrCreate(ReadOnlySpan<byte> key)
    {
        ulong hash = StableHash.Of(key);
        int entity = _table.Find(key, hash);
        if (entity >= 0)
        {
            return entity;
        }

        entity = _table.Add(hash);
        _store.Create(entity, EntityBlock.SizeOfEmpty(_layout, key.Length));
        _block.Create(key);
        if (entity >= _rows.Length)
        {
            Array.Resize(ref _rows, _rows.Length * 2);
        }

        return entity;
    }

    // A live shard evaluates an idle group when its time is up, which empties it. Here nothing is evaluated between two events of
    // an entity, so it is done when the next one comes.
    private void ForgetWhatIsIdle(long nowMs)
    {
        for (int g = 0; g < _canIdle.Length; g++)
        {
            if (_canIdle[g] && GroupEvaluator.IdleExit(_plan.Groups[g], _block.Group(g).LastEventMs) <= nowMs)
            {
                _evaluator.Evaluate(g, nowMs, _values);
            }
        }
    }

    // A live shard lets go of slots as they leave. What the slots of a feature share is capped, so there it is done before the next row: a
    // new sub-key finds the room that the windows leave, however seldom values are asked for.
    private void MakeRoom(long nowMs)
    {
        foreach (int feature in _capped)
        {
            Compact(feature, nowMs);
        }
    }

    private bool IsRepeated(in RowHead head) =>
        _plan.EventIdKeepMs != 0
        && !_block.TryRemember(head.EventIdHash, head.EventTimeMs, head.EventTimeMs - _plan.EventIdKeepMs, _plan.EventIdsMax, out _);

    private void Count(int entity, long nowMs)
    {
        if (++_rows[entity] % RowsBetweenCompactions != 0)
        {
            return;
        }

        for (int f = 0; f < _plan.Features.Count; f++)
        {
            Compact(f, nowMs);
        }
    }

    private void Compact(int feature, long nowMs)
    {
        try
        {
            _block.Compact(feature, nowMs);
        }
#pragma warning disable CA1031 // A plug-in may throw anything. Its slots stay as they are, which no value shows.
        catch (Exception error) when (_plan.Features[feature].Aggregate is PluginAggregate plugin)
#pragma warning restore CA1031
        {
            plugin.Part.CountFault(error.Message);
        }
    }

    private void Report(in RowHead head, Refusals refusals, EventIndex events)
    {
        long line = events.Line((int)head.Offset);
        for (int g = 0; g < _plan.Groups.Count; g++)
        {
            if ((_updater.LateGroups >> g & 1) != 0)
            {
                refusals.Add("late", line, $"event time {head.EventTimeMs} is beyond what group {_plan.Groups[g].Name} keeps");
            }
        }

        foreach (FeatureFault fault in _updater.Faults)
        {
            FeaturePlan feature = _plan.Features[fault.Feature];
            refusals.Add("feature-error", line, $"could not apply event to feature {_plan.Groups[feature.Group].Name}.{feature.Name}: {fault.Error.Message}");
        }
    }
}

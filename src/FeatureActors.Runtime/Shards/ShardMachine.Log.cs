using System.Text;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Sharding;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Shards;

/// <content>The log: batches are applied in order, each as a whole; rows of a key are applied together.</content>
internal sealed partial class ShardMachine
{
    private readonly Queue<LogEntry> _pending = new();
    private readonly List<ReadOnlyMemory<byte>> _missing = [];
    private readonly List<int> _touched = [];
    private readonly List<DeadLetter> _letters = [];
    private RowHead[] _heads = new RowHead[1024];
    private int[] _nextRow = new int[1024];
    private int[] _firstRow = new int[256];
    private int[] _lastRow = new int[256];
    private long _pendingBytes;
    private bool _isLoadUnderWay;

    private void Enqueue(IReadOnlyList<LogEntry> entries)
    {
        foreach (LogEntry entry in entries)
        {
            if (entry.Offset < ReadOffset)
            {
                continue;
            }

            _pending.Enqueue(entry);
            _pendingBytes += entry.Batch.Length;
            ReadOffset = entry.Offset + 1;
        }

        Pump();
    }

    private void Pump()
    {
        while (_pending.Count > 0 && State is ShardState.Recovering or ShardState.Running && !_isLoadUnderWay)
        {
            LogEntry entry = _pending.Peek();
            if (!TryApply(entry))
            {
                return;
            }

            _pending.Dequeue();
            _pendingBytes -= entry.Batch.Length;
            _nextOffset = entry.Offset + 1;
            Counters.LogBatches++;
            Counters.LastIngestMs = _reader.Count > 0 ? _reader.ReadHead(_reader.FirstRow).IngestTimeMs : Counters.LastIngestMs;
            AdvanceEventClock();
            TryRun();
        }

        SendLetters();
    }

    /// <summary>Applies one batch; false when entities must be loaded first.</summary>
    private bool TryApply(in LogEntry entry)
    {
        try
        {
            _reader.Open(entry.Batch);
            if (!TryChainRows())
            {
                return false;
            }
        }
        catch (Exception error) when (error is IndexOutOfRangeException or ArgumentException or InvalidDataException)
        {
            throw new Core.Slots.StateFormatException($"the batch at offset {entry.Offset} of shard {_shard} cannot be read: {error.Message}");
        }

        for (int i = 0; i < _touched.Count; i++)
        {
            ApplyRows(_touched[i], _firstRow[i]);
        }

        _touched.Clear();
        BatchHeader header = _reader.Header;
        SourceMark mark = _marks.Get(header.Lane, header.Source, header.SourcePartition);
        mark.Offset = Math.Max(mark.Offset, header.LastOffset);
        mark.Partitions = header.SourcePartitions;
        mark.ClockMs = Math.Max(mark.ClockMs, header.ClockMs);
        mark.IsEnded |= header.IsEnd;
        return true;
    }

    /// <summary>Finds the entity of every new row and chains the rows of each; false when entities must be loaded first.</summary>
    private bool TryChainRows()
    {
        BatchHeader header = _reader.Header;
        SourceMark mark = _marks.Get(header.Lane, header.Source, header.SourcePartition);
        if (_heads.Length < _reader.Count)
        {
            _heads = new RowHead[_reader.Count * 2];
            _nextRow = new int[_heads.Length];
        }

        _missing.Clear();
        _touched.Clear();
        long repeated = 0;
        int position = _reader.FirstRow;
        for (int i = 0; i < _reader.Count; i++)
        {
            RowHead head = _reader.ReadHead(position);
            position = head.End;
            if (head.Offset <= mark.Offset)
            {
                repeated++;
                continue;
            }

            ReadOnlySpan<byte> key = _reader.KeyOf(head);
            ulong hash = StableHash.Of(key);
            int entity = _table.Find(key, hash);
            if (entity < 0)
            {
                if (_cold > 0)
                {
                    _missing.Add(key.ToArray());
                    continue;
                }

                entity = CreateEntity(key, hash);
            }

            _heads[i] = head;
            Chain(entity, i);
        }

        if (_missing.Count > 0)
        {
            Unchain();
            RequestLoad();
            return false;
        }

        Counters.Repeated += repeated;
        return true;
    }

    private void Chain(int entity, int row)
    {
        ref EntitySlot slot = ref _table[entity];
        _nextRow[row] = -1;
        if (slot.BatchPlace >= 0)
        {
            _nextRow[_lastRow[slot.BatchPlace]] = row;
            _lastRow[slot.BatchPlace] = row;
            return;
        }

        int place = _touched.Count;
        if (place == _firstRow.Length)
        {
            Array.Resize(ref _firstRow, place * 2);
            Array.Resize(ref _lastRow, place * 2);
        }

        slot.EnterBatch(place);
        _firstRow[place] = _lastRow[place] = row;
        _touched.Add(entity);
    }

    private void Unchain()
    {
        foreach (int entity in _touched)
        {
            _table[entity].Use(Second);
        }

        _touched.Clear();
    }

    private void ApplyRows(int entity, int row)
    {
        _store.Open(entity);
        int rows = 0;
        ulong changed = 0;
        long oldest = long.MaxValue;
        while (row >= 0)
        {
            ref readonly RowHead head = ref _heads[row];
            bool hasId = head.EventIdHash != 0 && _plan.EventIdKeepMs > 0;
            if (hasId && _block.IsRemembered(head.EventIdHash))
            {
                Counters.RepeatedIds++;
            }
            else
            {
                RowView view = _reader.ReadColumns(head);
                ulong taken = _plan.Clock == ClockKind.Wall
                    ? _updater.Apply(head, view, Math.Min(ClockMs, head.IngestTimeMs), head.IngestTimeMs)
                    : _updater.Apply(head, view, ClockMs, ClockMs);
                if (taken != 0)
                {
                    oldest = Math.Min(oldest, head.IngestTimeMs);
                    changed |= taken;
                    if (hasId)
                    {
                        Remember(head);
                    }
                }

                if (_updater.LateGroups != 0 || _updater.Faults.Count > 0)
                {
                    ReportRow(head);
                }
            }

            rows++;
            row = _nextRow[row];
        }

        Counters.Rows += rows;
        Counters.HotKeys.Add(_block.Key, rows);

        ref EntitySlot slot = ref _table[entity];
        slot.Use(Second);
        if (changed != 0)
        {
            slot.Marks &= ~EntityMarks.Dying;
            MarkDirty(entity);
            MarkChanged(entity, changed, oldest);
        }
    }

    /// <summary>
    /// Remembers the id of a row that some group took. One that nobody took is judged anew when it is told again; an id for it
    /// would be state that no time ever takes away.
    /// </summary>
    private void Remember(in RowHead head)
    {
        long forgetBefore = ClockMs == long.MinValue ? long.MinValue : ClockMs - _plan.EventIdKeepMs;
        _block.TryRemember(head.EventIdHash, head.EventTimeMs, forgetBefore, _plan.EventIdsMax, out _);
    }

    private void ReportRow(in RowHead head)
    {
        BatchHeader header = _reader.Header;
        for (int g = 0; g < _plan.Groups.Count; g++)
        {
            if ((_updater.LateGroups >> g & 1) == 0)
            {
                continue;
            }

            Counters.Late++;
            GroupPlan group = _plan.Groups[g];
            if (group.Late == LatePolicy.DeadLetter)
            {
                AddLetter(header, head, group.Name, "", "late", $"could not count event: its time {head.EventTimeMs} is beyond the retention of group {group.Name} at T = {ClockMs} ({header.Source}-{header.SourcePartition}@{head.Offset}, entity {Encoding.UTF8.GetString(_reader.KeyOf(head))})");
            }
        }

        foreach (FeatureFault fault in _updater.Faults)
        {
            Counters.Faults++;
            FeaturePlan feature = _plan.Features[fault.Feature];
            AddLetter(header, head, _plan.Groups[feature.Group].Name, feature.Name, "feature-error", $"could not apply event to feature {feature.Name}: {fault.Error} ({header.Source}-{header.SourcePartition}@{head.Offset}, entity {Encoding.UTF8.GetString(_reader.KeyOf(head))})");
        }

        if (_updater.SwitchedOff >= 0)
        {
            _out.Add(new ShardOutput.FeatureOff(_plan.Features[_updater.SwitchedOff].Name, _updater.Faults[^1].Error.Message));
        }

        // What a plug-in threw is of its own world, which must be able to go.
        _updater.Faults.Clear();
    }

    private void AddLetter(in BatchHeader header, in RowHead head, string group, string feature, string reason, string error) =>
        _letters.Add(new DeadLetter
        {
            Source = header.Source,
            Partition = header.SourcePartition,
            Offset = head.Offset,
            Ordinal = head.Ordinal,
            Group = group,
            Feature = feature,
            Reason = reason,
            Error = error,
            AtMs = _nowMs,
            Bytes = _reader.KeyOf(head).ToArray(),
            Length = head.KeyLength,
        });

    private void SendLetters()
    {
        if (_letters.Count > 0)
        {
            _out.Add(new ShardOutput.Letters([.. _letters]));
            _letters.Clear();
        }
    }
}

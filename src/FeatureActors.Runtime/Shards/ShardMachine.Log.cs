using System.Text;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Batches;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Shards;

/// <content>The log: batches are applied in order, each as a whole; rows of a key are applied together.</content>
internal sealed partial class ShardMachine
{
    private readonly Queue<LogEntry> _pending = new();
    private readonly List<ReadOnlyMemory<byte>> _missing = [];
    private readonly KeyedRows _rows;
    private readonly RowReader _reread;
    private readonly List<DeadLetter> _letters = [];
    private long _pendingBytes;

    // The keys that are being loaded, which tell the answer from one that comes a second time, when it is old.
    private IReadOnlyList<ReadOnlyMemory<byte>>? _loading;

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
        while (_pending.Count > 0 && State is ShardState.Recovering or ShardState.Running && _loading is null)
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
            Counters.LogBatchesByFormat[_reader.Format]++;
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
            if (_reader.Header.DefinitionsVersion > _plan.DefinitionsVersion)
            {
                WaitForNewerNode(entry.Offset, _reader.Header.DefinitionsVersion);
                return false;
            }

            // A node with newer definitions reads the partition now: what one with older ones appends behind it, it reads again.
            if (_reader.Header.NodeVersion < MarkOf(_reader.Header).NodeVersion)
            {
                Counters.Repeated += _reader.Count;
                return true;
            }

            _updater.BeginBatch(_plan.Clock, ClockMs, _reader.Header.DefinitionsVersion);

            // Where values decide when a group is looked at, each row is asked when it enters and leaves windows.
            _rows.Read(MarkOf(_reader.Header).Offset, _valueGroups == 0 ? _updater : null);
        }
        catch (Exception error) when (error is IndexOutOfRangeException or ArgumentException or InvalidDataException)
        {
            throw new Core.Slots.StateFormatException($"the batch at offset {entry.Offset} of shard {_shard} cannot be read: {error.Message}");
        }

        if (!TryFindEntities())
        {
            return false;
        }

        foreach (ref readonly SoughtKey key in _rows.Keys)
        {
            ApplyRows(key);
        }

        Counters.Repeated += _rows.Repeated;
        BatchHeader header = _reader.Header;
        SourceMark mark = MarkOf(header);
        mark.Offset = Math.Max(mark.Offset, header.LastOffset);
        mark.Partitions = header.SourcePartitions;
        mark.NodeVersion = header.NodeVersion;
        mark.ClockMs = Math.Max(mark.ClockMs, header.ClockMs);
        mark.IsEnded |= header.IsEnd;
        return true;
    }

    // Applied by older definitions the rows would be marked as had, and what the newer ones add would miss them.
    private void WaitForNewerNode(long offset, long version)
    {
        if (Waits is null)
        {
            Waits = $"shard {_shard} waits at log offset {offset}: the rows there were made by version {version} of the definitions, this node has version {_plan.DefinitionsVersion}; a node with the newer definitions goes on: start this one with them";
            _out.Add(new ShardOutput.Alarm(Waits));
        }
    }

    private SourceMark MarkOf(in BatchHeader header) => _marks.Get(header.Lane, header.Source, header.SourcePartition);

    /// <summary>Finds the entity of every key of the batch; false when some must be loaded first.</summary>
    private bool TryFindEntities()
    {
        _missing.Clear();
        _table.Seek(_rows.Keys, _reader.Bytes);
        foreach (ref SoughtKey key in _rows.Keys)
        {
            if (key.Entity >= 0)
            {
                continue;
            }

            ReadOnlySpan<byte> bytes = _reader.Bytes.Slice(key.Start, key.Length);
            if (_cold > 0)
            {
                _missing.Add(bytes.ToArray());
            }
            else
            {
                key.Entity = CreateEntity(bytes, key.Hash);
            }
        }

        if (_missing.Count == 0)
        {
            return true;
        }

        // Those that are here are in use while the others are read.
        foreach (ref readonly SoughtKey key in _rows.Keys)
        {
            if (key.Entity >= 0)
            {
                _table[key.Entity].LastUsed = Second;
            }
        }

        RequestLoad();
        return false;
    }

    /// <summary>Reports what counted rows have met, each by itself.</summary>
    private void ReportRows(in RowRun run)
    {
        int row = run.FirstRow;
        ReportRow(_rows.Head(row));
        for (int i = 1; i < run.Count; i++)
        {
            row = _rows.NextOfKey(row);
            ReportRow(_rows.Head(row));
        }

        ForgetFaults();
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
    }

    // What a plug-in threw is of its own world, which must be able to go.
    private void ForgetFaults() => _updater.Faults.Clear();

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

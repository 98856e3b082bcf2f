using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Sharding;
using FeatureActors.Runtime.Publishing;

namespace FeatureActors.Runtime.Shards;

/// <content>
/// The last part of a rewrite: keys that the sink holds and no entity stands behind are deleted. An older snapshot brings back
/// what was deleted since, and nobody else would ever touch it again.
/// </content>
internal sealed partial class ShardMachine
{
    private readonly Queue<ReadOnlyMemory<byte>> _ghosts = new();
    private Sweep? _scanFor;
    private Sweep? _lookUpFor;
    private List<ReadOnlyMemory<byte>>? _lookedFor;

    /// <summary>Goes one step further; true when the sink was scanned to its end and every ghost is in a batch.</summary>
    private bool StepScan(Sweep sweep)
    {
        if (_scanFor is not null || _lookUpFor is not null || !DeleteGhosts())
        {
            return false;
        }

        if (sweep.ScanCursor == 0 && sweep.HasScanned)
        {
            return true;
        }

        _scanFor = sweep;
        _out.Add(new ShardOutput.ScanSink(sweep.ScanCursor));
        return false;
    }

    private void TakeScanned(SinkKeys scanned)
    {
        Sweep? scanFor = _scanFor;
        _scanFor = null;
        if (_sweep is null || scanFor != _sweep)
        {
            return;
        }

        _sweep.HasScanned = true;
        _sweep.ScanCursor = scanned.NextCursor;
        List<ReadOnlyMemory<byte>> unknown = [];
        foreach (ReadOnlyMemory<byte> full in scanned.Keys)
        {
            int group = GroupOf(full.Span);
            if (group < 0)
            {
                continue;
            }

            ReadOnlyMemory<byte> key = full[_keyPrefixes[group].Length..];
            ulong hash = StableHash.Of(key.Span);
            if (StableHash.PartitionOf(hash, _plan.Shards) != _shard.Partition)
            {
                continue;
            }

            _sweep.Tokens--;
            if (_table.Find(key.Span, hash) < 0)
            {
                unknown.Add(full);
            }
            else
            {
                NoteIfGhost(full, group);
            }
        }

        if (unknown.Count > 0)
        {
            _lookUpFor = _sweep;
            _lookedFor = unknown;
            _out.Add(new ShardOutput.LookUp(unknown, [.. unknown.Select(k => k[_keyPrefixes[GroupOf(k.Span)].Length..])]));
        }
    }

    /// <summary>Takes what the store knows of scanned keys; while that is on its way nothing is passivated, so it is never outdated.</summary>
    private void TakeLookedUp(ShardInput.LookedUp looked)
    {
        if (!ReferenceEquals(looked.FullKeys, _lookedFor))
        {
            return;
        }

        _lookedFor = null;
        Sweep? lookUpFor = _lookUpFor;
        _lookUpFor = null;
        if (_sweep is not null && lookUpFor == _sweep)
        {
            foreach (StoredEntity stored in looked.Entities)
            {
                Admit(stored);
            }

            foreach (ReadOnlyMemory<byte> full in looked.FullKeys)
            {
                int group = GroupOf(full.Span);
                ReadOnlySpan<byte> key = full.Span[_keyPrefixes[group].Length..];
                if (_table.Find(key, StableHash.Of(key)) < 0)
                {
                    _ghosts.Enqueue(full);
                }
                else
                {
                    NoteIfGhost(full, group);
                }
            }
        }

        EndRead();
    }

    /// <summary>The entity found last may live in other groups than the one that the key belongs to.</summary>
    private void NoteIfGhost(ReadOnlyMemory<byte> full, int group)
    {
        if (_block.Group(group).PublishedHash == 0)
        {
            _ghosts.Enqueue(full);
        }
    }

    /// <summary>Deletes ghosts as far as batches have room; false while some are left.</summary>
    private bool DeleteGhosts()
    {
        while (_ghosts.TryPeek(out ReadOnlyMemory<byte> full))
        {
            if (!CanEvaluate)
            {
                return false;
            }

            _ghosts.Dequeue();
            ReadOnlySpan<byte> key = full.Span[_keyPrefixes[GroupOf(full.Span)].Length..];
            if (_table.Find(key, StableHash.Of(key)) >= 0 && _block.Group(GroupOf(full.Span)).PublishedHash != 0)
            {
                // A row came meanwhile and its value is on its way.
                continue;
            }

            if (_builder.Count == 0)
            {
                _builder.Begin(++_batch);
            }

            Counters.Deletes++;
            _builder.Position = new PublishPosition(_nextOffset, ClockMs);
            _builder.AddItem(PublishKind.Delete, default, full.Span, 0, new PublishTarget(-1, 0, 0, 0));
            EndItem();
        }

        return true;
    }

    private int GroupOf(ReadOnlySpan<byte> fullKey)
    {
        for (int g = 0; g < _keyPrefixes.Length; g++)
        {
            if (fullKey.StartsWith(_keyPrefixes[g]))
            {
                return g;
            }
        }

        return -1;
    }
}

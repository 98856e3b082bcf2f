using System.Text;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Entities;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Slots;
using FeatureActors.Runtime.Entities;

namespace FeatureActors.Runtime.Shards;

/// <content>Plug-ins: exchanging their aggregates between two steps, and what becomes of failed evaluations.</content>
internal sealed partial class ShardMachine
{
    private void TakeExchange(ShardInput.Exchange exchange)
    {
        string? refusal = null;
        var raised = exchange.Next
            .Where(n => _plan.Features[n.Key].Aggregate.CodecVersion < n.Value.CodecVersion)
            .ToDictionary(static n => n.Key, static n => n.Value);
        if (raised.Count > 0)
        {
            refusal = exchange.IsTrial ? TryUpgradeAll(raised) : UpgradeAll(raised);
        }

        if (!exchange.IsTrial)
        {
            foreach ((int feature, PluginAggregate next) in exchange.Next)
            {
                ((PluginAggregate)_plan.Features[feature].Aggregate).Become(next);
            }

            // The same state may be worth something else now: a pass over all keys evaluates and writes what changed.
            if (State == ShardState.Running)
            {
                StartSweep(SweepKind.Refresh);
            }
        }

        _out.Add(new ShardOutput.Exchanged(refusal));
    }

    /// <summary>Tries to bring the state of every loaded entity to the new codec versions, on a copy; answers what could not be read.</summary>
    private string? TryUpgradeAll(Dictionary<int, PluginAggregate> raised)
    {
        var copy = new EntityBlock(LayoutWith(raised), new ArrayBlockMemory());
        byte[] bytes = [];
        foreach (int entity in EntitiesWith(raised))
        {
            copy.Load(Saved(ref bytes));
            foreach ((int feature, PluginAggregate next) in raised)
            {
                if (_block.HasSlots(feature) && !copy.HasSlots(feature))
                {
                    return $"feature {_plan.Features[feature].Name} cannot read its state of version {_plan.Features[feature].Aggregate.CodecVersion} as version {next.CodecVersion} "
                        + $"(entity {Encoding.UTF8.GetString(_block.Key)} of shard {_shard}{(next.Part.LastError is { } error ? ": " + error : "")})";
                }
            }
        }

        return null;
    }

    private string? UpgradeAll(Dictionary<int, PluginAggregate> raised)
    {
        var upgraded = new EntityBlock(LayoutWith(raised), _store);
        byte[] bytes = [];
        foreach (int entity in EntitiesWith(raised))
        {
            ReadOnlySpan<byte> saved = Saved(ref bytes);
            upgraded.Load(saved);
            MarkDirty(entity);
        }

        return null;
    }

    private EntityLayout LayoutWith(Dictionary<int, PluginAggregate> raised) => new(_plan with
    {
        Features = [.. _plan.Features.Select((f, i) => raised.TryGetValue(i, out PluginAggregate? next) ? f with { Aggregate = next } : f)],
    });

    private ReadOnlySpan<byte> Saved(ref byte[] buffer)
    {
        if (buffer.Length < _block.SavedBytesMax)
        {
            buffer = new byte[_block.SavedBytesMax * 2];
        }

        return buffer.AsSpan(0, _block.Save(buffer));
    }

    /// <summary>Opens, one after the other, the loaded entities that have slots of one of these features.</summary>
    private IEnumerable<int> EntitiesWith(Dictionary<int, PluginAggregate> features)
    {
        for (int entity = 0; entity < _table.PlacesEnd; entity++)
        {
            if ((_table[entity].Marks & EntityMarks.Live) == 0)
            {
                continue;
            }

            _store.Open(entity);
            if (features.Keys.Any(_block.HasSlots))
            {
                yield return entity;
            }
        }
    }

    private void ReportEvaluation()
    {
        foreach (FeatureFault fault in _evaluator.Faults)
        {
            Counters.EvaluationFaults++;
            FeaturePlan feature = _plan.Features[fault.Feature];
            _letters.Add(new DeadLetter
            {
                Source = _plan.Entity,
                Partition = _shard.Partition,
                Offset = _nextOffset,
                Ordinal = 0,
                Group = _plan.Groups[feature.Group].Name,
                Feature = feature.Name,
                Reason = "evaluation-error",
                Error = $"could not evaluate feature {feature.Name} of entity {Encoding.UTF8.GetString(_block.Key)} at T = {ClockMs}: {fault.Error}",
                AtMs = _nowMs,
                Bytes = _block.Key.ToArray(),
                Length = _block.Key.Length,
            });
        }

        if (_evaluator.SwitchedOff >= 0)
        {
            _out.Add(new ShardOutput.FeatureOff(_plan.Features[_evaluator.SwitchedOff].Name, _evaluator.Faults[^1].Error.Message));
        }

        // What a plug-in threw is of its own world, which must be able to go.
        _evaluator.Faults.Clear();
        SendLetters();
    }
}

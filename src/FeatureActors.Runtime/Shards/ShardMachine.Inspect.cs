using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Runtime.Shards;

/// <content>
/// Reads of single entities from outside: the values at the shard's T, with everything applied so far, whether or not it is published.
/// </content>
internal sealed partial class ShardMachine
{
    private int _inspectionsLoading;
    private ArrayBufferWriter<byte>? _inspectedBytes;

    /// <summary>True when the shard can say what it knows of an entity.</summary>
    private bool CanInspect => State is ShardState.Recovering or ShardState.Running or ShardState.ClockJumped or ShardState.Draining
        && ClockMs != long.MinValue;

    private void Inspect(ShardInput.Inspect ask)
    {
        if (!CanInspect)
        {
            _out.Add(new ShardOutput.Inspected(ask.Id, null));
            return;
        }

        if (_cold > 0 && _table.Find(ask.Key.Span, StableHash.Of(ask.Key.Span)) < 0)
        {
            _inspectionsLoading++;
            _out.Add(new ShardOutput.LoadInspected(ask.Id, ask.Key));
            return;
        }

        _out.Add(new ShardOutput.Inspected(ask.Id, Describe(ask.Key.Span)));
    }

    private void TakeInspected(ShardInput.InspectedLoaded loaded)
    {
        _inspectionsLoading--;
        if (loaded.Entity is { } stored)
        {
            Admit(stored);
        }

        EndRead();
        _out.Add(new ShardOutput.Inspected(loaded.Id, CanInspect ? Describe(loaded.Key.Span) : null));
    }

    private byte[] Describe(ReadOnlySpan<byte> key)
    {
        _inspectedBytes ??= new ArrayBufferWriter<byte>(4096);
        _inspectedBytes.ResetWrittenCount();
        using var json = new Utf8JsonWriter(
            _inspectedBytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        json.WriteStartObject();
        json.WriteString("entity"u8, _shard.Entity);
        json.WriteString("key"u8, key);
        json.WriteNumber("partition"u8, _shard.Partition);
        json.WriteNumber("epoch"u8, _epoch.Value);
        json.WriteString("state"u8, State.ToString());
        json.WriteString("version"u8, string.Create(CultureInfo.InvariantCulture, $"{_nextOffset}-{ClockMs}"));
        json.WriteNumber("at"u8, ClockMs);
        json.WriteStartObject("groups"u8);
        int entity = _table.Find(key, StableHash.Of(key));
        if (entity >= 0)
        {
            DescribeGroups(entity, json);
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return _inspectedBytes.WrittenSpan.ToArray();
    }

    private void DescribeGroups(int entity, Utf8JsonWriter json)
    {
        _store.Open(entity);
        bool isCompacted = false;
        for (int group = 0; group < _plan.Groups.Count; group++)
        {
            _evaluator.Evaluate(group, ClockMs, _values);
            isCompacted |= _values.IsCompacted;
            if (_evaluator.Faults.Count > 0)
            {
                ReportEvaluation();
            }

            if (!_values.IsAlive)
            {
                continue;
            }

            json.WriteStartObject(_plan.Groups[group].Name);
            json.WriteStartObject("features"u8);
            bool hasFlags = false;
            for (int i = 0; i < _values.Count; i++)
            {
                hasFlags |= _values.Fields[i].Quality != ValueQuality.None;
                DescribeField(json, _fieldNames[group][i], i);
            }

            json.WriteEndObject();
            if (hasFlags)
            {
                WriteFlags(group);
                json.WritePropertyName("flags"u8);
                json.WriteRawValue(_flags.Written, skipInputValidation: true);
            }

            json.WriteEndObject();
        }

        if (isCompacted)
        {
            MarkDirty(entity);
        }
    }

    private void DescribeField(Utf8JsonWriter json, byte[] name, int field)
    {
        switch (_values.Fields[field].Kind)
        {
            case FeatureValueKind.Absent:
                break;
            case FeatureValueKind.Text:
                json.WriteString(name, _values.Text(field));
                break;
            default:
                json.WritePropertyName(name);
                json.WriteRawValue(_values.Text(field), skipInputValidation: true);
                break;
        }
    }
}

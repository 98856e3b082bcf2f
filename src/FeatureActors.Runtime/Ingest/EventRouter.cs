using System.Buffers;
using System.Buffers.Text;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Expressions;
using FeatureActors.Core.Plugins;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Runtime.Ingest;

/// <summary>Receives the rows of an event, in ordinal order.</summary>
internal interface IRowTarget
{
    /// <summary>Takes one row; <paramref name="row"/> and <paramref name="key"/> are valid during the call.</summary>
    void Add(int ordinal, ulong groups, ulong eventIdHash, ReadOnlySpan<byte> key, in RowView row);

    /// <summary>An event, or one route of it, that cannot be used.</summary>
    void Refuse(int ordinal, string group, string reason, string error);
}

/// <summary>
/// Turns the bytes of an event into rows: a pure function of the bytes, the plan and, for <c>max-future</c>, the ingest time.
/// One instance serves one ingest actor; after warm-up it allocates nothing for good events.
/// </summary>
internal sealed class EventRouter
{
    /// <summary>Longest entity key in bytes: a key is part of every message, row and Redis key.</summary>
    public const int KeyBytesMax = 4096;

    /// <summary>Largest row in bytes: a batch must stay below what brokers take by default (1 MB).</summary>
    public const int RowBytesMax = 256 * 1024;

    private const ulong RetractionSeed = 1UL << 32;

    private readonly IngestPlan _plan;
    private readonly IEventDecoder _decoder;
    private readonly DecodedEvent _event;
    private readonly CompiledValue[] _expressions;
    private readonly LookupPlan[] _lookups;
    private readonly int _firstExpression;
    private readonly int _computedCells;
    private readonly ArrayBufferWriter<byte> _found = new();
    private readonly byte[] _number = new byte[20];
    private bool _isComputed;
    private readonly byte[] _key = new byte[KeyBytesMax];
    private readonly ulong _idSeed;

    public EventRouter(IngestPlan plan)
    {
        _plan = plan;
        _decoder = plan.CreateDecoder();
        _expressions = [.. plan.Expressions.Select(static e => e.CreateEvaluator())];
        _lookups = [.. plan.Lookups];
        _firstExpression = plan.FieldTypes.Count + 1 + plan.LookupCells;
        _computedCells = plan.LookupCells + _expressions.Length;
        _event = new DecodedEvent(plan.FieldTypes.Count + (_computedCells == 0 ? 0 : 1 + _computedCells));
        _idSeed = StableHash.Of(System.Text.Encoding.UTF8.GetBytes(plan.Source));
    }

    /// <summary>Event time of the last event that was decoded, after clamping; <see cref="long.MinValue"/> after an event that was not.</summary>
    public long EventTimeMs { get; private set; }

    /// <summary>Events whose time was moved back to <c>max-future</c>.</summary>
    public long Clamped { get; private set; }

    /// <summary>Routes one event.</summary>
    public void Route(ReadOnlySpan<byte> bytes, long nowMs, IRowTarget target)
    {
        EventTimeMs = long.MinValue;
        if (!TryDecode(bytes, target, out DecodeResult result))
        {
            return;
        }

        if (!result.IsOk)
        {
            target.Refuse(-1, "", ReasonOf(result.Status), result.ToString());
            return;
        }

        if (_plan.Clock == ClockKind.Wall && _event.EventTimeMs > nowMs + _plan.MaxFutureMs)
        {
            if (!_plan.ClampFuture)
            {
                target.Refuse(-1, "", "future", $"event time {_event.EventTimeMs} is more than {_plan.MaxFutureMs} ms ahead of the node's clock {nowMs}");
                return;
            }

            Clamped++;
            _event.EventTimeMs = nowMs + _plan.MaxFutureMs;
        }

        EventTimeMs = _event.EventTimeMs;
        _isComputed = _computedCells == 0;
        int sign;
        try
        {
            sign = _plan.Retract is { } retract && retract(_event.View(nowMs)) ? -1 : 1;
        }
        catch (PluginFaultException error)
        {
            target.Refuse(-1, "", "function-error", $"no row of source {_plan.Source}: {error}");
            return;
        }

        for (int ordinal = 0; ordinal < _plan.Routes.Count; ordinal++)
        {
            RouteSupervised(_plan.Routes[ordinal], ordinal, nowMs, sign, target);
        }
    }

    private bool TryDecode(ReadOnlySpan<byte> bytes, IRowTarget target, out DecodeResult result)
    {
        try
        {
            result = _decoder.Decode(bytes, _event);
            return true;
        }
        catch (PluginFaultException error)
        {
            target.Refuse(-1, "", "format-error", error.ToString());
            result = default;
            return false;
        }
    }

    private void RouteSupervised(RoutePlan route, int ordinal, long nowMs, int sign, IRowTarget target)
    {
        try
        {
            RouteTo(route, ordinal, nowMs, sign, target);
        }
        catch (PluginFaultException error)
        {
            target.Refuse(ordinal, route.Groups[0].Name, "function-error", $"no row for entity {route.Entity}: {error}");
        }
    }

    private static string ReasonOf(DecodeStatus status) => status switch
    {
        DecodeStatus.MalformedJson => "malformed-json",
        DecodeStatus.MalformedCsv => "malformed-csv",
        DecodeStatus.InvalidUtf8 => "invalid-utf8",
        DecodeStatus.WrongType => "wrong-type",
        DecodeStatus.NotFinite => "not-finite",
        DecodeStatus.BadEventTime => "bad-event-time",
        DecodeStatus.MissingEventTime => "missing-event-time",
        DecodeStatus.TooDeep => "too-deep",
        DecodeStatus.TooLarge => "too-large",
        DecodeStatus.MissingField => "missing-field",
        DecodeStatus.Malformed => "malformed",
        _ => "undecodable",
    };

    private static ulong GroupsOf(RoutePlan route, in RowView row)
    {
        ulong groups = 0;
        for (int i = 0; i < route.Groups.Count; i++)
        {
            GroupRoute group = route.Groups[i];
            if (group.Where is null || group.Where(row))
            {
                groups |= 1UL << group.Number;
            }
        }

        return groups;
    }

    /// <summary>Fills the cells behind the declared fields, of which the first stays NULL.</summary>
    private void Compute(in RowView row)
    {
        int cell = _firstExpression;
        foreach (CompiledValue expression in _expressions)
        {
            expression.Write(row, ref _event.Cells[cell++], _event.Bytes);
        }
    }

    /// <summary>
    /// Fills the columns of lookups. What one throws costs its own columns of this event, nothing else: the event is counted by everything
    /// that does not read them.
    /// </summary>
    private void LookUp(in RowView row, int ordinal, IRowTarget target)
    {
        int cell = _plan.FieldTypes.Count + 1;
        foreach (LookupPlan lookup in _lookups)
        {
            Span<RowCell> cells = _event.Cells.Slice(cell, lookup.Lookup.Columns.Count);
            cell += cells.Length;
            cells.Clear();
            if (!lookup.IsNeeded || row.IsNull(lookup.KeyField))
            {
                continue;
            }

            try
            {
                lookup.Lookup.Fill(KeyOf(lookup, row), cells, _event.Bytes, _found);
            }
            catch (PluginFaultException error)
            {
                target.Refuse(ordinal, "", "lookup-error", $"columns of {lookup.Lookup.Part.Name} are NULL for this event: {error}");
            }
        }
    }

    private ReadOnlySpan<byte> KeyOf(LookupPlan lookup, in RowView row)
    {
        if (_plan.FieldTypes[lookup.KeyField] == FieldType.String)
        {
            return row.GetUtf8(lookup.KeyField);
        }

        Utf8Formatter.TryFormat(row.GetInt64(lookup.KeyField), _number, out int length);
        return _number.AsSpan(0, length);
    }

    private void RouteTo(RoutePlan route, int ordinal, long nowMs, int sign, IRowTarget target)
    {
        RowView row = _event.View(nowMs, sign);
        ulong groups = GroupsOf(route, row);
        if (groups == 0)
        {
            return;
        }

        if (!_isComputed)
        {
            LookUp(row, ordinal, target);
            row = _event.View(nowMs, sign);
            Compute(row);
            row = _event.View(nowMs, sign);
            _isComputed = true;
        }

        if (!TryBuildKey(route, row, out int length, out string reason, out int part))
        {
            target.Refuse(ordinal, route.Groups[0].Name, reason, KeyError(route, reason, part));
            return;
        }

        if (SizeOf(route, row) > RowBytesMax)
        {
            target.Refuse(ordinal, route.Groups[0].Name, "row-too-large", $"the fields needed by entity {route.Entity} take more than {RowBytesMax} bytes");
            return;
        }

        ulong id = 0;
        if (_plan.EventIdField >= 0 && !row.IsNull(_plan.EventIdField))
        {
            id = HashId(row, route.IdSeed);
        }

        target.Add(ordinal, groups, id, _key.AsSpan(0, length), row);
    }

    /// <summary>Builds the key; where it cannot, says why and which part of the key it is about.</summary>
    private bool TryBuildKey(RoutePlan route, in RowView row, out int length, out string reason, out int part)
    {
        length = 0;
        for (part = 0; part < route.KeyFields.Count; part++)
        {
            int field = route.KeyFields[part];
            if (row.IsNull(field) || (_plan.FieldTypes[field] != FieldType.Long && row.GetUtf8(field).IsEmpty))
            {
                reason = "missing-key";
                return false;
            }

            if (!TryAddKeyPart(row, field, isFirst: part == 0, ref length))
            {
                reason = "key-too-long";
                return false;
            }
        }

        reason = "";
        return true;
    }

    private bool TryAddKeyPart(in RowView row, int field, bool isFirst, ref int length)
    {
        if (!isFirst)
        {
            if (length == _key.Length)
            {
                return false;
            }

            _key[length++] = EntityKey.PartSeparator;
        }

        bool isWritten = _plan.FieldTypes[field] == FieldType.Long
            ? Utf8Formatter.TryFormat(row.GetInt64(field), _key.AsSpan(length), out int written)
            : EntityKey.TryEscape(row.GetUtf8(field), _key.AsSpan(length), out written);
        length += written;
        return isWritten;
    }

    private static string KeyError(RoutePlan route, string reason, int part) => reason == "missing-key"
        ? $"no row for entity {route.Entity}: {route.KeyNames[part]}, part {part + 1} of {route.KeyNames.Count} of its key, is NULL or empty"
        : $"no row for entity {route.Entity}: its key is longer than {KeyBytesMax} bytes with {route.KeyNames[part]}";

    private static int SizeOf(RoutePlan route, in RowView row)
    {
        int size = 0;
        for (int i = 0; i < route.Columns.Count; i++)
        {
            RowColumn column = route.Columns[i];
            size += column.Type == FieldType.String && !row.IsNull(column.Field) ? row.GetUtf8(column.Field).Length : 16;
        }

        return size;
    }

    private ulong HashId(in RowView row, ulong routeSeed)
    {
        // A retraction often carries the id of what it takes back, and is no repetition of it.
        ulong seed = _idSeed + routeSeed + (row.Sign < 0 ? RetractionSeed : 0);
        ulong hash;
        if (_plan.FieldTypes[_plan.EventIdField] == FieldType.String)
        {
            hash = StableHash.Of(row.GetUtf8(_plan.EventIdField), seed);
        }
        else
        {
            Span<byte> number = stackalloc byte[8];
            System.Buffers.Binary.BinaryPrimitives.WriteInt64LittleEndian(number, row.GetInt64(_plan.EventIdField));
            hash = StableHash.Of(number, seed);
        }

        return hash == 0 ? 1 : hash;
    }
}

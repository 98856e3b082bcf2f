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
    private bool _isComputed;
    private readonly byte[] _key = new byte[KeyBytesMax];
    private readonly ulong _idSeed;

    public EventRouter(IngestPlan plan)
    {
        _plan = plan;
        _decoder = plan.CreateDecoder();
        _expressions = [.. plan.Expressions.Select(static e => e.CreateEvaluator())];
        _event = new DecodedEvent(plan.FieldTypes.Count + (_expressions.Length == 0 ? 0 : 1 + _expressions.Length));
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
        DecodeResult result = _decoder.Decode(bytes, _event);
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
        _isComputed = _expressions.Length == 0;
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
        int cell = _plan.FieldTypes.Count + 1;
        foreach (CompiledValue expression in _expressions)
        {
            expression.Write(row, ref _event.Cells[cell++], _event.Bytes);
        }
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
            Compute(row);
            row = _event.View(nowMs, sign);
            _isComputed = true;
        }

        if (!TryBuildKey(route, row, out int length, out string reason))
        {
            target.Refuse(ordinal, route.Groups[0].Name, reason, $"no row for entity {route.Entity}: {reason.Replace('-', ' ')}");
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
            id = HashId(row, ordinal);
        }

        target.Add(ordinal, groups, id, _key.AsSpan(0, length), row);
    }

    private bool TryBuildKey(RoutePlan route, in RowView row, out int length, out string reason)
    {
        length = 0;
        reason = "";
        for (int i = 0; i < route.KeyFields.Count; i++)
        {
            int field = route.KeyFields[i];
            if (row.IsNull(field))
            {
                reason = "missing-key";
                return false;
            }

            if (i > 0)
            {
                if (length == _key.Length)
                {
                    reason = "key-too-long";
                    return false;
                }

                _key[length++] = EntityKey.PartSeparator;
            }

            bool isWritten;
            int written;
            if (_plan.FieldTypes[field] == FieldType.Long)
            {
                isWritten = Utf8Formatter.TryFormat(row.GetInt64(field), _key.AsSpan(length), out written);
            }
            else
            {
                ReadOnlySpan<byte> text = row.GetUtf8(field);
                if (text.IsEmpty)
                {
                    reason = "missing-key";
                    return false;
                }

                isWritten = EntityKey.TryEscape(text, _key.AsSpan(length), out written);
            }

            if (!isWritten)
            {
                reason = "key-too-long";
                return false;
            }

            length += written;
        }

        return true;
    }

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

    private ulong HashId(in RowView row, int ordinal)
    {
        // A retraction often carries the id of what it takes back, and is no repetition of it.
        ulong seed = _idSeed + (ulong)ordinal + (row.Sign < 0 ? RetractionSeed : 0);
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

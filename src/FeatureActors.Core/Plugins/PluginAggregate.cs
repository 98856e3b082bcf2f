using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Plugins;

/// <summary>
/// Stands between the engine and the aggregate of a plug-in: tells the watch who is called, holds state and values to what was
/// promised, and lets the aggregate behind it be exchanged. Whatever it throws has changed no byte, except for
/// <see cref="Apply"/>, whose caller keeps copies.
/// </summary>
public sealed class PluginAggregate : FeatureAggregate
{
    /// <summary>Most bytes of one slot's payload, or of the shared part, whatever the plug-in declares: larger state is a mistake.</summary>
    public const int StateBytesMax = 4 * 1024 * 1024;

    /// <summary>Most bytes of one value: a reader fetches it in one piece.</summary>
    public const int ValueBytesMax = 1024 * 1024;

    [ThreadStatic]
    private static byte[]? PayloadCopy;

    [ThreadStatic]
    private static byte[]? SharedCopy;

    [ThreadStatic]
    private static CheckedWindows? PerThread;

    private readonly PluginCallWatch? _watch;
    private FeatureAggregate _inner;
    private byte[] _empty = [];
    private byte _codecVersion;
    private FeatureTraits _traits;
    private long _payloadBytesMax;
    private long _sharedBytesMax;
    private long _ageingStepMs;
    private string? _accuracy;

    /// <summary>Supervises <paramref name="inner"/>.</summary>
    /// <exception cref="PluginFaultException">What it says about itself makes no sense.</exception>
    public PluginAggregate(FeatureAggregate inner, PluginPart part)
    {
        Part = part;
        _inner = inner;
        Take(inner);
    }

    private PluginAggregate(PluginAggregate other, PluginCallWatch watch)
    {
        _watch = watch;
        Part = other.Part;
        _inner = other._inner;
        Take(other);
    }

    /// <summary>The use of the plug-in; the same for all shards.</summary>
    public PluginPart Part { get; }

    /// <inheritdoc/>
    public override byte CodecVersion => _codecVersion;

    /// <inheritdoc/>
    public override FeatureTraits Traits => _traits;

    /// <inheritdoc/>
    public override long PayloadBytesMax => _payloadBytesMax;

    /// <inheritdoc/>
    public override long SharedBytesMax => _sharedBytesMax;

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> EmptyValue => _empty;

    /// <inheritdoc/>
    public override long AgeingStepMs => _ageingStepMs;

    /// <inheritdoc/>
    public override string? Accuracy => _accuracy;

    /// <summary>A copy that is exchanged apart from this one: each shard has its own, and exchanges it between two steps.</summary>
    /// <param name="watch">Told of its calls.</param>
    public PluginAggregate ForShard(PluginCallWatch watch) => new(this, watch);

    /// <summary>Exchanges the aggregate behind this one for that behind <paramref name="next"/>.</summary>
    public void Become(PluginAggregate next)
    {
        ArgumentNullException.ThrowIfNull(next);
        _inner = next._inner;
        Take(next);
    }

    /// <inheritdoc/>
    public override bool Accepts(in RowView row)
    {
        PluginCallWatch? watch = _watch;
        watch?.Enter(Part);
        try
        {
            return _inner.Accepts(row);
        }
        finally
        {
            watch?.Leave();
        }
    }

    /// <inheritdoc/>
    public override void Apply(in RowView row, ref FeatureSlot slot)
    {
        PluginCallWatch? watch = _watch;
        watch?.Enter(Part);
        try
        {
            _inner.Apply(row, ref slot);
        }
        finally
        {
            watch?.Leave();
        }
    }

    /// <inheritdoc/>
    public override void Merge(ReadOnlySpan<byte> payload, ref FeatureSlot into)
    {
        int payloadLength = Keep(into.Payload, ref PayloadCopy);
        int sharedLength = Keep(into.Shared, ref SharedCopy);
        PluginCallWatch? watch = _watch;
        watch?.Enter(Part);
        try
        {
            _inner.Merge(payload, ref into);
            CheckSize(into);
        }
        catch
        {
            Restore(ref into, payloadLength, sharedLength);
            throw;
        }
        finally
        {
            watch?.Leave();
        }
    }

    /// <inheritdoc/>
    public override void Release(ref FeatureSlot slot)
    {
        int payloadLength = Keep(slot.Payload, ref PayloadCopy);
        int sharedLength = Keep(slot.Shared, ref SharedCopy);
        PluginCallWatch? watch = _watch;
        watch?.Enter(Part);
        try
        {
            _inner.Release(ref slot);
        }
        catch
        {
            Restore(ref slot, payloadLength, sharedLength);
            throw;
        }
        finally
        {
            watch?.Leave();
        }
    }

    /// <inheritdoc/>
    public override void Evaluate(in SlotList slots, FeatureValueWriter value)
    {
        ArgumentNullException.ThrowIfNull(value);
        PluginCallWatch? watch = _watch;
        watch?.Enter(Part);
        try
        {
            _inner.Evaluate(slots, value);
        }
        catch
        {
            value.Discard();
            throw;
        }
        finally
        {
            watch?.Leave();
        }

        if (FlawOf(value) is { } flaw)
        {
            value.Discard();
            throw new PluginFaultException(flaw);
        }
    }

    /// <inheritdoc/>
    public override void EvaluateNested(in SlotList slots, NestedWindows windows)
    {
        ArgumentNullException.ThrowIfNull(windows);
        CheckedWindows guard = (PerThread ??= new CheckedWindows()).Over(windows);
        PluginCallWatch? watch = _watch;
        watch?.Enter(Part);
        try
        {
            _inner.EvaluateNested(slots, guard);
        }
        catch
        {
            windows.Value.Discard();
            throw;
        }
        finally
        {
            watch?.Leave();
        }

        guard.Finish();
    }

    /// <inheritdoc/>
    public override bool IsSpent(in SlotList slots)
    {
        PluginCallWatch? watch = _watch;
        watch?.Enter(Part);
        try
        {
            return _inner.IsSpent(slots);
        }
        finally
        {
            watch?.Leave();
        }
    }

    /// <inheritdoc/>
    public override long SpentAtMs(in SlotList slots)
    {
        PluginCallWatch? watch = _watch;
        watch?.Enter(Part);
        try
        {
            return _inner.SpentAtMs(slots);
        }
        finally
        {
            watch?.Leave();
        }
    }

    /// <inheritdoc/>
    public override bool TryUpgrade(byte fromVersion, ref FeatureSlot slot)
    {
        PluginCallWatch? watch = _watch;
        watch?.Enter(Part);
        try
        {
            return _inner.TryUpgrade(fromVersion, ref slot);
        }
#pragma warning disable CA1031 // A plug-in may throw anything; the state stays as it was and the feature reports it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            Part.CountFault($"could not read state of version {fromVersion}: {error}");
            return false;
        }
        finally
        {
            watch?.Leave();
        }
    }

    /// <summary>What is wrong with a written value, or null.</summary>
    internal static string? FlawOf(FeatureValueWriter value)
    {
        if (value.HasNonFinite)
        {
            return "the value is not finite";
        }

        if (!value.IsClosed)
        {
            return "the value has a list or map that is not closed";
        }

        if (value.Value.Length > ValueBytesMax)
        {
            return $"the value has {value.Value.Length} bytes, more than {ValueBytesMax}";
        }

        return value.Kind switch
        {
            FeatureValueKind.Json when !IsJson(value.Value) => "the value is no JSON text",
            FeatureValueKind.Text when !Utf8.IsValid(value.Value) => "the value is no UTF-8 text",
            _ => null,
        };
    }

    private static bool IsJson(ReadOnlySpan<byte> text)
    {
        try
        {
            var reader = new Utf8JsonReader(text);
            while (reader.Read())
            {
            }

            return reader.BytesConsumed == text.Length;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static int Keep(ReadOnlySpan<byte> bytes, ref byte[]? copy)
    {
        if (copy is null || copy.Length < bytes.Length)
        {
            copy = new byte[Math.Max(256, bytes.Length * 2)];
        }

        bytes.CopyTo(copy);
        return bytes.Length;
    }

    private static void Restore(ref FeatureSlot slot, int payloadLength, int sharedLength)
    {
        slot.ResizePayload(payloadLength);
        PayloadCopy.AsSpan(0, payloadLength).CopyTo(slot.Payload);
        slot.ResizeShared(sharedLength);
        SharedCopy.AsSpan(0, sharedLength).CopyTo(slot.Shared);
    }

    private void Take(FeatureAggregate aggregate)
    {
        _codecVersion = aggregate.CodecVersion;
        _traits = aggregate.Traits;
        _payloadBytesMax = Math.Min(aggregate.PayloadBytesMax, StateBytesMax);
        _sharedBytesMax = Math.Min(aggregate.SharedBytesMax, StateBytesMax);
        _ageingStepMs = aggregate.AgeingStepMs;
        _accuracy = aggregate.Accuracy;
        _empty = aggregate.EmptyValue.ToArray();
        if (_payloadBytesMax <= 0 || _sharedBytesMax < 0)
        {
            throw new PluginFaultException("PayloadBytesMax must be above 0 and SharedBytesMax not below 0");
        }

        if (_traits.HasFlag(FeatureTraits.Approximate) && string.IsNullOrWhiteSpace(_accuracy))
        {
            throw new PluginFaultException("it is Approximate and does not say how far its values may be off: override Accuracy");
        }

        if (_empty.Length > 0 && !IsJson(_empty))
        {
            throw new PluginFaultException($"EmptyValue is no JSON text: {Encoding.UTF8.GetString(_empty)}");
        }
    }

    private void CheckSize(in FeatureSlot slot)
    {
        if (slot.Payload.Length > _payloadBytesMax)
        {
            throw new PluginFaultException($"the slot has {slot.Payload.Length} bytes, more than the declared {_payloadBytesMax}");
        }

        if (slot.Shared.Length > _sharedBytesMax)
        {
            throw new PluginFaultException($"the shared part has {slot.Shared.Length} bytes, more than the declared {_sharedBytesMax}");
        }
    }

    /// <summary>Holds each value to what a value may be before the next window begins.</summary>
    private sealed class CheckedWindows : NestedWindows
    {
        private NestedWindows _windows = null!;
        private string? _flaw;
        private bool _hasBegun;
        private bool _isDone;

        public override int First => _windows.First;

        public override long WindowMs => _windows.WindowMs;

        public override FeatureValueWriter Value => _windows.Value;

        public CheckedWindows Over(NestedWindows windows)
        {
            _windows = windows;
            _flaw = null;
            _hasBegun = false;
            _isDone = false;
            return this;
        }

        public override bool MoveNext()
        {
            Check();
            _isDone = _isDone || _flaw is not null || !_windows.MoveNext();
            _hasBegun = !_isDone;
            return !_isDone;
        }

        /// <exception cref="PluginFaultException">A value was none, or a window was left out.</exception>
        public void Finish()
        {
            Check();
            if (_flaw is not null || !_isDone)
            {
                throw new PluginFaultException(_flaw ?? "EvaluateNested stopped before the last window");
            }
        }

        private void Check()
        {
            if (_hasBegun && _flaw is null && FlawOf(Value) is { } flaw)
            {
                _flaw = flaw;
                Value.Discard();
            }
        }
    }
}

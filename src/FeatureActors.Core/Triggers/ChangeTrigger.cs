using System.Buffers.Binary;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Sharding;

namespace FeatureActors.Core.Triggers;

/// <summary>
/// Fires when the value v of a field is away from the value p that was last written: by an amount, by a share of |p| (p = 0: at any
/// change), or, without a bound, when it is another one. From absent to present or back always counts; nothing written yet too.
/// State: what was written (0 nothing yet, 1 absent, 2 a value), then p as a double or the hash of its text.
/// </summary>
internal sealed class ChangeTrigger : IValueTrigger
{
    private const byte Absent = 1;
    private const byte Present = 2;

    // One for the share, one for its product, one for each value.
    private const double RoundingsAllowed = 4 * 1.1102230246251565e-16;

    private readonly int _field;
    private readonly long _coalesceMs;
    private readonly double _by;
    private readonly bool _isShare;

    /// <summary>Fires at a change by <paramref name="by"/>; 0 for any other value.</summary>
    /// <param name="field">The field's index in <see cref="TriggerValues"/>.</param>
    /// <param name="coalesceMs">Milliseconds from the first change to the evaluation.</param>
    /// <param name="by">Amount, or share of |p|.</param>
    /// <param name="isShare">True when <paramref name="by"/> is a share: 0.05 for 5 %.</param>
    public ChangeTrigger(int field, long coalesceMs, double by = 0, bool isShare = false) =>
        (_field, _coalesceMs, _by, _isShare) = (field, coalesceMs, by, isShare);

    /// <inheritdoc/>
    public TriggerClock Clock => TriggerClock.Processing;

    /// <inheritdoc/>
    public int StateBytes => 1 + sizeof(long);

    /// <inheritdoc/>
    public long NextEvaluationMs(in TriggerInput input) => input.ChangedAtMs + _coalesceMs;

    /// <inheritdoc/>
    public bool Fires(in TriggerValues values, Span<byte> state)
    {
        bool isAbsent = values.Kind(_field) == FeatureValueKind.Absent;
        if (state[0] == 0 || isAbsent != (state[0] == Absent))
        {
            return true;
        }

        long remembered = BinaryPrimitives.ReadInt64LittleEndian(state[1..]);
        if (isAbsent)
        {
            return false;
        }

        if (_by == 0)
        {
            return remembered != HashOf(values);
        }

        double before = BitConverter.Int64BitsToDouble(remembered);
        double now = values.Number(_field);
        double distance = Math.Abs(now - before);

        // 107 is 7 % more than 100, though neither 0.07 nor its product is a double: what is a rounding short of the bound reaches it.
        double slack = RoundingsAllowed * Math.Max(Math.Abs(now), Math.Abs(before));
        return distance >= (_isShare ? _by * Math.Abs(before) : _by) - slack && distance > 0;
    }

    /// <inheritdoc/>
    public void Written(in TriggerValues values, Span<byte> state)
    {
        bool isAbsent = values.Kind(_field) == FeatureValueKind.Absent;
        state[0] = isAbsent ? Absent : Present;
        long remembered = isAbsent ? 0 : _by == 0 ? HashOf(values) : BitConverter.DoubleToInt64Bits(values.Number(_field));
        BinaryPrimitives.WriteInt64LittleEndian(state[1..], remembered);
    }

    private long HashOf(in TriggerValues values) => (long)StableHash.Of(values.Text(_field));
}

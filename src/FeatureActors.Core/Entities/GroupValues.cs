using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Entities;

/// <summary>One evaluated field.</summary>
/// <param name="Kind">Form of the value; <see cref="FeatureValueKind.Absent"/> when the field has none.</param>
/// <param name="Start">First byte in <see cref="GroupValues.Bytes"/>.</param>
/// <param name="Length">Number of bytes.</param>
/// <param name="Quality">What a reader must know about it.</param>
/// <param name="Numeric">The number, or NaN.</param>
public readonly record struct FieldValue(FeatureValueKind Kind, int Start, int Length, ValueQuality Quality, double Numeric)
{
    /// <summary>No value.</summary>
    public static FieldValue Absent { get; } = new(FeatureValueKind.Absent, 0, 0, ValueQuality.None, double.NaN);
}

/// <summary>The values of one group of one entity at one time. Reused; valid until the next evaluation.</summary>
public sealed class GroupValues : IEvaluatedFields
{
    private FieldValue[] _fields = [];

    /// <summary>Receives the values' text.</summary>
    internal FeatureValueWriter Writer { get; } = new();

    /// <summary>The fields, in the order of the group's plan.</summary>
    public ReadOnlySpan<FieldValue> Fields => _fields.AsSpan(0, Count);

    /// <summary>Number of fields.</summary>
    public int Count { get; private set; }

    /// <summary>Text of all values.</summary>
    public ReadOnlySpan<byte> Bytes => Writer.Written;

    /// <summary>True while some feature of the group has a slot; false means that the key is to be deleted.</summary>
    public bool IsAlive { get; internal set; }

    /// <summary>Hash of all values, never 0.</summary>
    public ulong Hash { get; internal set; }

    /// <summary>Next time at which the values can change without an event; <see cref="long.MaxValue"/> for never.</summary>
    public long NextDueMs { get; internal set; }

    /// <summary>Time at which the last slot leaves its last window; <see cref="long.MaxValue"/> for never.</summary>
    public long LastExitMs { get; internal set; }

    /// <summary>True when the evaluation dropped or folded slots.</summary>
    public bool IsCompacted { get; internal set; }

    FeatureValueKind IEvaluatedFields.KindOf(int field) => _fields[field].Kind;

    double IEvaluatedFields.NumberOf(int field) => _fields[field].Numeric;

    ReadOnlySpan<byte> IEvaluatedFields.TextOf(int field) => Text(field);

    /// <summary>Text of a field.</summary>
    public ReadOnlySpan<byte> Text(int field) => Bytes.Slice(_fields[field].Start, _fields[field].Length);

    internal void Begin(int count)
    {
        if (_fields.Length < count)
        {
            _fields = new FieldValue[count];
        }

        Count = count;
        Writer.Clear();
        IsAlive = false;
        IsCompacted = false;
        NextDueMs = long.MaxValue;
        LastExitMs = long.MinValue;
    }

    /// <summary>Raises a flag for every field.</summary>
    internal void FlagAll(ValueQuality quality)
    {
        for (int i = 0; i < Count; i++)
        {
            _fields[i] = _fields[i] with { Quality = _fields[i].Quality | quality };
        }
    }

    internal void Set(int field, in FieldValue value) => _fields[field] = value;
}

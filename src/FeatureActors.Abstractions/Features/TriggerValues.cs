namespace FeatureActors.Abstractions.Features;

/// <summary>The fields of a group as they were just evaluated for one entity.</summary>
public interface IEvaluatedFields
{
    /// <summary>Form of a field's value; <see cref="FeatureValueKind.Absent"/> when it has none.</summary>
    FeatureValueKind KindOf(int field);

    /// <summary>The number of a field; NaN when its value is absent or no number.</summary>
    double NumberOf(int field);

    /// <summary>The value's text as it stands in the feature store: JSON, a single string raw; empty when absent.</summary>
    ReadOnlySpan<byte> TextOf(int field);
}

/// <summary>What a value trigger sees: the fields it named while it was bound, and when. Valid during the call that received it.</summary>
public readonly ref struct TriggerValues
{
    private readonly IEvaluatedFields _fields;
    private readonly ReadOnlySpan<int> _places;

    /// <summary>A view of <paramref name="fields"/> through a trigger's eyes.</summary>
    /// <param name="fields">All fields of the group.</param>
    /// <param name="places">For each field that the trigger named, its place in <paramref name="fields"/>.</param>
    /// <param name="nowMs">The shard's time T.</param>
    /// <param name="wasWritten">True when the feature store holds values of the group for this entity.</param>
    public TriggerValues(IEvaluatedFields fields, ReadOnlySpan<int> places, long nowMs, bool wasWritten)
    {
        _fields = fields;
        _places = places;
        NowMs = nowMs;
        WasWritten = wasWritten;
    }

    /// <summary>Number of fields that the trigger named.</summary>
    public int Count => _places.Length;

    /// <summary>The shard's time T in Unix milliseconds, at which the values were evaluated.</summary>
    public long NowMs { get; }

    /// <summary>True when the feature store holds values of the group for this entity, as far as the shard knows.</summary>
    public bool WasWritten { get; }

    /// <summary>Form of the value of <see cref="TriggerField.Index"/>; <see cref="FeatureValueKind.Absent"/> when it has none.</summary>
    public FeatureValueKind Kind(int index) => _fields.KindOf(_places[index]);

    /// <summary>The number of <see cref="TriggerField.Index"/>; NaN when its value is absent or no number.</summary>
    public double Number(int index) => _fields.NumberOf(_places[index]);

    /// <summary>The text of <see cref="TriggerField.Index"/> as it stands in the feature store; empty when absent.</summary>
    public ReadOnlySpan<byte> Text(int index) => _fields.TextOf(_places[index]);
}

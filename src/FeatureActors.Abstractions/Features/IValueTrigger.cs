namespace FeatureActors.Abstractions.Features;

/// <summary>
/// A trigger that looks at values. <see cref="ITrigger.NextEvaluationMs"/> says when a changed group is evaluated; the group is then
/// written only if a value trigger fires (or another trigger or an exit is due). What did not fire stays unwritten until the next
/// time something fires or a slot enters or leaves a window. Immutable and safe for concurrent calls: what it remembers about an
/// entity is in its state.
/// </summary>
public interface IValueTrigger : ITrigger
{
    /// <summary>Most bytes of state.</summary>
    const int StateBytesMax = 256;

    /// <summary>
    /// Bytes of state per entity, 0 to <see cref="StateBytesMax"/>. They are stored with the entity, survive restarts, begin as zeros
    /// and become zeros again when the group has no data left or the trigger's settings change.
    /// </summary>
    int StateBytes { get; }

    /// <summary>
    /// True when the group is to be written now. Called at every evaluation of the group, whatever caused it, so that edges are
    /// seen; the answer counts where nothing else asks for a write.
    /// </summary>
    /// <param name="values">The values just evaluated.</param>
    /// <param name="state">The trigger's state for this entity, which it may change.</param>
    /// <remarks>An exception counts as true: a value is rather written than kept back.</remarks>
    bool Fires(in TriggerValues values, Span<byte> state);

    /// <summary>Called behind <see cref="Fires"/> when the feature store holds, or is given, exactly these values, for whatever reason.</summary>
    /// <param name="values">The values.</param>
    /// <param name="state">The trigger's state for this entity, which it may change.</param>
    void Written(in TriggerValues values, Span<byte> state)
    {
    }
}

namespace FeatureActors.Abstractions.Features;

/// <summary>
/// A kind of trigger, such as <c>update</c> or <c>change</c>, as the definitions name it after <c>on =</c>. One instance serves the
/// whole process and may be called from any thread.
/// </summary>
public interface ITriggerType
{
    /// <summary>The word after <c>on =</c>; plug-ins are addressed as <c>custom:&lt;name&gt;</c>.</summary>
    string Name { get; }

    /// <summary>
    /// Reads the trigger's settings. Mistakes are reported to <paramref name="binding"/>, all of them; the result is used only when
    /// none was reported. It is called more than once for one definition and must answer alike.
    /// </summary>
    /// <param name="binding">The settings and the fields of the group.</param>
    /// <returns>
    /// The trigger, an <see cref="IValueTrigger"/> where values decide, or null when a mistake was reported.
    /// </returns>
    ITrigger? Bind(TriggerBinding binding);
}

using FeatureActors.Abstractions.Features;

namespace FeatureActors.Abstractions.Rows;

/// <summary>
/// A form of events, as a source names it after <c>format =</c>. One instance serves the whole process and may be called from any thread.
/// </summary>
public interface IEventFormat
{
    /// <summary>The word by which definitions name it, as <c>custom:&lt;name&gt;</c>.</summary>
    string Name { get; }

    /// <summary>Reads the settings of the source's <c>format-options</c>. Mistakes are reported to <paramref name="settings"/>.</summary>
    /// <returns>What makes decoders, or null when a mistake was reported.</returns>
    IEventDecoderFactory? Bind(SettingsBinding settings);
}

/// <summary>Makes the decoders of a source, one for each partition that is read. Safe for concurrent calls.</summary>
public interface IEventDecoderFactory
{
    /// <summary>
    /// A decoder of its own for one partition. It sets the cell of each declared field that is needed, and the event time of the source's
    /// event-time field in Unix milliseconds.
    /// </summary>
    /// <exception cref="ArgumentException">A declared field cannot be in events of this form; reported as a mistake of the definitions.</exception>
    IEventDecoder Create(EventDecoderOptions options);
}

namespace FeatureActors.Abstractions.Configuration;

/// <summary>One mistake in a configuration or definitions file.</summary>
/// <param name="Position">Where the mistake stands.</param>
/// <param name="Message">What is wrong, in one sentence without the position.</param>
/// <param name="Hint">What to do about it, or null when the message says it all.</param>
public sealed record ConfigError(ConfigPosition Position, string Message, string? Hint = null)
{
    /// <inheritdoc/>
    public override string ToString() => Hint is null ? $"{Position}: {Message}" : $"{Position}: {Message} ({Hint})";
}

using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Node.Options;

/// <summary>Where finished values go; <c>fa.sink</c>.</summary>
internal sealed record SinkSection
{
    /// <summary>The word for Redis, which has its own section.</summary>
    public const string Redis = "redis";

    public string Type { get; init; } = Redis;

    public SinkSettings Settings { get; init; } = new(null, new ConfigPosition("", 1, 1));

    public bool IsRedis() => Type == Redis;

    // The settings may have secrets.
    public override string ToString() => Type;
}

/// <summary>What the sink of a plug-in reads, unread: only the plug-in knows its settings.</summary>
/// <param name="values">The settings; null for none.</param>
/// <param name="position">Where the sink is named, for mistakes without a place of their own.</param>
internal sealed class SinkSettings(ConfigObject? values, ConfigPosition position)
{
    /// <summary>Where the sink is named.</summary>
    public ConfigPosition Place() => position;

    /// <summary>Begins to read them.</summary>
    public ConfigReader Read(List<ConfigError> errors) => new(new ConfigObject(position, values?.Fields ?? []), "fa.sink.settings", errors);
}

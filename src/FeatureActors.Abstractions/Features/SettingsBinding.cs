namespace FeatureActors.Abstractions.Features;

/// <summary>
/// What a plug-in sees of the settings that definitions, or the node's configuration, give to one use of it. Each reader reports its own
/// mistake with file, line and column and then returns a usable stand-in, so that one run shows every mistake. A setting that nobody
/// reads is a mistake of the definitions.
/// </summary>
public abstract class SettingsBinding
{
    /// <summary>Name of what is bound: of the source, of the lookup, of the slots, of the sink, of a trigger's group.</summary>
    public abstract string Name { get; }

    /// <summary>Reads an integer setting; bounds inclusive, null default makes it required.</summary>
    public abstract long Integer(string key, long? defaultValue, long min, long max);

    /// <summary>Reads a number setting; bounds inclusive, null default makes it required.</summary>
    public abstract double Number(string key, double? defaultValue, double min, double max);

    /// <summary>Reads a true/false setting.</summary>
    public abstract bool Flag(string key, bool defaultValue);

    /// <summary>Reads a duration setting in milliseconds; bounds inclusive, null default makes it required.</summary>
    public abstract long DurationMs(string key, long? defaultValue, long minMs, long maxMs);

    /// <summary>Reads a setting that must be one of <paramref name="words"/>; a null default makes it required.</summary>
    public abstract string Word(string key, string? defaultValue, params ReadOnlySpan<string> words);

    /// <summary>Reads a setting as the text it was written with; a null default makes it required.</summary>
    public abstract string Text(string key, string? defaultValue);

    /// <summary>True when the setting is there.</summary>
    public abstract bool Has(string key);

    /// <summary>Reports a mistake at the setting <paramref name="key"/>, or at the whole when the key is absent.</summary>
    public abstract void Error(string key, string message, string? hint = null);
}

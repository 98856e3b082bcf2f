namespace FeatureActors.Abstractions.Configuration;

/// <summary>Where a configuration value was written: file, 1-based line and 1-based column (in characters).</summary>
/// <param name="File">Path as the user gave it, or a name such as <c>environment</c> for values without a file.</param>
/// <param name="Line">1-based line; 0 when the value has no line.</param>
/// <param name="Column">1-based column of the first character; 0 when the value has no column.</param>
public readonly record struct ConfigPosition(string File, int Line, int Column)
{
    /// <summary>The same position moved right by <paramref name="columns"/> characters on its line.</summary>
    public ConfigPosition Shift(int columns) => this with { Column = Column + columns };

    /// <inheritdoc/>
    public override string ToString() => $"{File}:{Line}:{Column}";
}

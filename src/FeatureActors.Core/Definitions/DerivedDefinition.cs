using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;

namespace FeatureActors.Core.Definitions;

/// <summary>A feature that is computed from other fields of its group when they are published; it has no state.</summary>
/// <param name="Name">Name.</param>
/// <param name="Inputs">What it reads, each once.</param>
/// <param name="WindowNames">Its windows, all of which every input has that is not of one window; empty for a single bare field.</param>
public abstract record DerivedDefinition(string Name, IReadOnlyList<DerivedInput> Inputs, IReadOnlyList<string> WindowNames)
{
    /// <summary>The formula for people, without the windows.</summary>
    public abstract string FormulaText { get; }

    /// <summary>Type of its values for features that read it: double for numbers, string, or null for anything else.</summary>
    public abstract FieldType? ValueType { get; }
}

/// <summary>A field that a derived feature reads.</summary>
/// <param name="Feature">Name of the feature.</param>
/// <param name="Window">The window, when the definition names one as <c>feature:window</c>; null for the window that is computed, or none.</param>
/// <param name="Type"><see cref="FieldType.Double"/> for numbers, <see cref="FieldType.String"/> for strings.</param>
public sealed record DerivedInput(string Feature, string? Window, FieldType Type)
{
    /// <summary>As definitions write it.</summary>
    public string Text => Window is null ? Feature : $"{Feature}:{Window}";
}

/// <summary>A quotient: (numerator + <see cref="Prior"/>) / (denominator + <see cref="PriorWeight"/>).</summary>
/// <param name="Name">Name.</param>
/// <param name="Above">What stands above the line.</param>
/// <param name="Below">What stands below the line.</param>
/// <param name="WindowNames">Its windows; empty for a single bare field.</param>
public sealed record RatioDefinition(string Name, DerivedInput Above, DerivedInput Below, IReadOnlyList<string> WindowNames)
    : DerivedDefinition(Name, [Above, Below], WindowNames)
{
    /// <summary>Feature above the line.</summary>
    public string Numerator => Above.Text;

    /// <summary>Feature below the line.</summary>
    public string Denominator => Below.Text;

    /// <summary>Added above the line; at least 0.</summary>
    public double Prior { get; init; }

    /// <summary>Added below the line; at least 0.</summary>
    public double PriorWeight { get; init; }

    /// <inheritdoc/>
    public override FieldType? ValueType => FieldType.Double;

    /// <inheritdoc/>
    public override string FormulaText => $"{Smoothed(Numerator, Prior)} / {Smoothed(Denominator, PriorWeight)}";

    private static string Smoothed(string feature, double by) =>
        by == 0 ? feature : FormattableString.Invariant($"({feature} + {by:R})");
}

/// <summary>An expression over other features.</summary>
/// <param name="Name">Name.</param>
/// <param name="Expression">The expression; its column i is input i.</param>
/// <param name="Inputs">What it reads, each once.</param>
/// <param name="WindowNames">Its windows; empty for a single bare field.</param>
public sealed record FormulaDefinition(
    string Name, BoundExpression Expression, IReadOnlyList<DerivedInput> Inputs, IReadOnlyList<string> WindowNames)
    : DerivedDefinition(Name, Inputs, WindowNames)
{
    /// <inheritdoc/>
    public override string FormulaText => Expression.Source.ToCanonicalText();

    /// <inheritdoc/>
    public override FieldType? ValueType => Expression.Type switch
    {
        FieldType.String => FieldType.String,
        FieldType.Boolean => null,
        _ => FieldType.Double,
    };
}

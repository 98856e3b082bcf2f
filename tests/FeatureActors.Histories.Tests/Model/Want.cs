using FeatureActors.Histories.Tests.Exact;

namespace FeatureActors.Histories.Tests.Model;

/// <summary>What a field must be.</summary>
internal abstract record Want
{
    /// <summary>Marks that must stand at the field.</summary>
    public Marks Must { get; init; }

    /// <summary>Marks that may stand at the field.</summary>
    public Marks May { get; init; }

    public static Want None { get; } = new WantNothing();

    public static Want Of(object? value) => value switch
    {
        null => new WantNull(),
        string text => new WantText(text),
        double x => new WantNumber(Rational.Of(x), NumberForm.Rounded),
        _ => new WantNumber(Column.NumberOf(value), NumberForm.Exact),
    };
}

[Flags]
internal enum Marks
{
    None = 0,
    Truncated = 1,
    Approximate = 2,
    Warming = 4,
}

internal enum NumberForm
{
    /// <summary>The very number.</summary>
    Exact,

    /// <summary>The double nearest to the number.</summary>
    Rounded,

    /// <summary>The number but for the rounding of a few operations on doubles.</summary>
    Close,

    /// <summary>Within 1e-9 of the slack.</summary>
    Near,
}

internal sealed record WantNothing : Want;

internal sealed record WantNull : Want;

internal sealed record WantText(string Text) : Want;

internal sealed record WantNumber(Rational Value, NumberForm Form) : Want
{
    /// <summary>What the tolerance is relative to; the value itself unless stated.</summary>
    public Rational? Slack { get; init; }
}

/// <summary>A number within bounds.</summary>
internal sealed record WantBetween(double Low, double High) : Want;

internal sealed record WantList(IReadOnlyList<Want> Items) : Want;

/// <summary>Keys in their order.</summary>
internal sealed record WantMap(IReadOnlyList<(string Key, Want Value)> Entries) : Want;

/// <summary>
/// A map of totals above its bound: sub-keys known for certain are exact, none above its true value, and all with <c>other</c> make the total, within 1e-9 of the slack.
/// </summary>
internal sealed record WantBoundedMap(IReadOnlyDictionary<string, Rational> Truth, IReadOnlySet<string> Certain, NumberForm Form, Rational Slack) : Want;

/// <summary>A value of which nothing is promised.</summary>
internal sealed record WantAnything : Want;

/// <summary>One of several: what the definitions leave open.</summary>
internal sealed record WantOneOf(IReadOnlyList<Want> Choices) : Want;

using System.Globalization;
using System.Text.Json;
using FeatureActors.Histories.Tests.Exact;

namespace FeatureActors.Histories.Tests.Model;

/// <summary>A value of the engine beside what it must be.</summary>
internal static class Comparison
{
    private static readonly Rational Tolerance = new(1, 1_000_000_000);
    private static readonly Rational Roundings = new(1, 1_000_000_000_000_000);

    /// <summary>Null when the value is right.</summary>
    public static string? Difference(Want want, PublishedValue got)
    {
        if ((want.Must & ~got.Marks) != 0 || (got.Marks & ~(want.Must | want.May | ChoiceMarks(want))) != 0)
        {
            return $"is marked {got.Marks}, must be {want.Must}, may be {want.May}";
        }

        return Value(want, got) ? null : $"is {got.Text ?? "absent"}, must be {Show(want)}";
    }

    public static string Show(Want want) => want switch
    {
        WantNothing => "absent",
        WantNull => "null",
        WantText text => $"\"{text.Text}\"",
        WantNumber number => $"{number.Value}{(number.Form is NumberForm.Near or NumberForm.Close ? "~" : "")}",
        WantBetween between => string.Create(CultureInfo.InvariantCulture, $"{between.Low:R}..{between.High:R}"),
        WantList list => $"[{string.Join(',', list.Items.Select(Show))}]",
        WantMap map => $"{{{string.Join(',', map.Entries.Select(static e => $"\"{e.Key}\":{Show(e.Value)}"))}}}",
        WantBoundedMap map => $"of {{{string.Join(',', map.Truth.Select(static e => $"\"{e.Key}\":{e.Value}"))}}} certainly {string.Join(',', map.Certain)}",
        WantOneOf oneOf => string.Join(" or ", oneOf.Choices.Select(Show)),
        _ => "anything",
    };

    private static Marks ChoiceMarks(Want want) =>
        want is WantOneOf oneOf ? oneOf.Choices.Aggregate(Marks.None, static (marks, c) => marks | c.Must | c.May) : Marks.None;

    private static bool Value(Want want, PublishedValue got)
    {
        switch (want)
        {
            case WantAnything:
                return true;
            case WantOneOf oneOf:
                return oneOf.Choices.Any(c => Value(c, got));
            case WantNothing:
                return got.Text is null;
        }

        if (got.Text is null)
        {
            return false;
        }

        if (got.IsRawText)
        {
            return want is WantText text && text.Text == got.Text;
        }

        // A single string is published raw, everything else as compact JSON.
        using JsonDocument? json = Parse(got.Text);
        return json is not null && want is not WantText && got.Text.AsSpan().IndexOfAny(' ', '\n', '\t') < 0 | got.Text.Contains('"', StringComparison.Ordinal) && Element(want, json.RootElement);
    }

    private static JsonDocument? Parse(string text)
    {
        try
        {
            return JsonDocument.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static bool Element(Want want, JsonElement got) => want switch
    {
        WantNull => got.ValueKind == JsonValueKind.Null,
        WantText text => got.ValueKind == JsonValueKind.String && got.GetString() == text.Text,
        WantNumber number => got.ValueKind == JsonValueKind.Number && Number(number, got.GetRawText()),
        WantBetween between => got.ValueKind == JsonValueKind.Number && got.GetDouble() >= between.Low && got.GetDouble() <= between.High,
        WantList list => got.ValueKind == JsonValueKind.Array && got.GetArrayLength() == list.Items.Count
            && got.EnumerateArray().Zip(list.Items).All(static p => Element(p.Second, p.First)),
        WantMap map => got.ValueKind == JsonValueKind.Object && got.EnumerateObject().Count() == map.Entries.Count
            && got.EnumerateObject().Zip(map.Entries).All(static p => p.First.Name == p.Second.Key && Element(p.Second.Value, p.First.Value)),
        WantBoundedMap map => got.ValueKind == JsonValueKind.Object && BoundedMap(map, got),
        WantOneOf oneOf => oneOf.Choices.Any(c => Element(c, got)),
        WantAnything => true,
        _ => false,
    };

    private static bool Number(WantNumber want, string text)
    {
        switch (want.Form)
        {
            case NumberForm.Exact:
                return Rational.Parse(text) == want.Value;
            case NumberForm.Rounded:
                return double.Parse(text, CultureInfo.InvariantCulture).Equals(want.Value.ToDouble());
            default:
                Rational slack = (want.Slack ?? want.Value).Abs() * (want.Form == NumberForm.Close ? Roundings : Tolerance);
                return (Rational.Of(double.Parse(text, CultureInfo.InvariantCulture)) - want.Value).Abs() <= slack;
        }
    }

    private static bool BoundedMap(WantBoundedMap want, JsonElement got)
    {
        Rational total = Rational.Zero;
        var names = new HashSet<string>();
        foreach (JsonProperty entry in got.EnumerateObject())
        {
            names.Add(entry.Name);
            Rational value = want.Form == NumberForm.Exact ? Rational.Parse(entry.Value.GetRawText()) : Rational.Of(entry.Value.GetDouble());
            total += value;
            if (want.Certain.Contains(entry.Name)
                && !(want.Truth.TryGetValue(entry.Name, out Rational truth) && Number(new WantNumber(truth, want.Form), entry.Value.GetRawText())))
            {
                return false;
            }

            if (entry.Name != "other" && !want.Truth.ContainsKey(entry.Name))
            {
                return false;
            }
        }

        Rational sum = want.Truth.Values.Aggregate(Rational.Zero, static (s, v) => s + v);
        return want.Certain.All(c => names.Contains(c) || !want.Truth.ContainsKey(c))
            && (want.Form == NumberForm.Exact ? total == sum : (total - sum).Abs() <= want.Slack * Tolerance);
    }
}

/// <summary>A value as the engine would publish it.</summary>
/// <param name="Text">Null when absent.</param>
/// <param name="IsRawText">True for a single string.</param>
/// <param name="Marks">What stands in <c>_flags</c>.</param>
internal readonly record struct PublishedValue(string? Text, bool IsRawText, Marks Marks);

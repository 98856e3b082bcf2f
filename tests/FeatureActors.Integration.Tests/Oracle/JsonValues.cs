using System.Globalization;
using System.Text;
using System.Text.Json;

namespace FeatureActors.Integration.Tests.Oracle;

/// <summary>Equality of two JSON texts: order of members and items counts, space does not.</summary>
internal static class JsonValues
{
    private const double Relative = 1e-9;

    /// <param name="expected">One text.</param>
    /// <param name="actual">The other.</param>
    /// <param name="rounded">Numbers may differ by 1e-9 relative: sums of doubles, and quotients.</param>
    internal static bool Same(string expected, string actual, bool rounded)
    {
        if (expected == actual)
        {
            return true;
        }

        var left = new Utf8JsonReader(Encoding.UTF8.GetBytes(expected));
        var right = new Utf8JsonReader(Encoding.UTF8.GetBytes(actual));
        while (left.Read())
        {
            if (!right.Read() || left.TokenType != right.TokenType || !SameToken(ref left, ref right, rounded))
            {
                return false;
            }
        }

        return !right.Read();
    }

    private static bool SameToken(ref Utf8JsonReader left, ref Utf8JsonReader right, bool rounded) => left.TokenType switch
    {
        JsonTokenType.PropertyName or JsonTokenType.String => left.GetString() == right.GetString(),
        JsonTokenType.Number when rounded => Near(left.GetDouble(), right.GetDouble()),
        JsonTokenType.Number => Exact(left.ValueSpan) == Exact(right.ValueSpan),
        _ => true,
    };

    private static bool Near(double a, double b) => Math.Abs(a - b) <= Relative * Math.Max(Math.Abs(a), Math.Abs(b));

    private static decimal Exact(ReadOnlySpan<byte> number) => decimal.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture);
}

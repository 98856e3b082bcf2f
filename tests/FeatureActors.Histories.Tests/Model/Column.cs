using System.Text;
using FeatureActors.Histories.Tests.Exact;

namespace FeatureActors.Histories.Tests.Model;

/// <summary>A field of the source, or an expression that stands for one.</summary>
/// <param name="Text">As definitions write it.</param>
/// <param name="Type"><c>long</c>, <c>double</c>, <c>decimal</c> or <c>string</c>.</param>
/// <param name="Get">Its value in a row, null for NULL.</param>
internal sealed record Column(string Text, string Type, Func<HistoryRow, object?> Get)
{
    public static readonly Column V = new("v", "long", static r => r.V);
    public static readonly Column D = new("d", "double", static r => r.D);
    public static readonly Column M = new("m", "decimal", static r => r.M);
    public static readonly Column L = new("l", "long", static r => r.L);
    public static readonly Column C = new("c", "string", static r => r.C);
    public static readonly Column U = new("u", "string", static r => r.U);
    public static readonly Column TwiceV = new("v * 2 + 1", "long", static r => r.V * 2 + 1);
    public static readonly Column UpperC = new("UPPER(c)", "string", static r => r.C?.ToUpperInvariant());

    public bool IsNumber => Type != "string";

    public Rational Number(HistoryRow row) => NumberOf(Get(row)!);

    public static Rational NumberOf(object value) => value switch
    {
        long x => Rational.Of(x),
        double x => Rational.Of(x),
        decimal x => Rational.Of(x),
        _ => throw new InvalidOperationException(value.GetType().Name),
    };

    /// <summary>The order of the definitions: strings bytewise in UTF-8, numbers by value; null first.</summary>
    public static int Compare(object? a, object? b)
    {
        if (a is null || b is null)
        {
            return (a is null ? 0 : 1) - (b is null ? 0 : 1);
        }

        return a is string text ? CompareText(text, (string)b) : NumberOf(a).CompareTo(NumberOf(b));
    }

    public static int CompareText(string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b));
}

/// <summary>A condition, once as SQL and once as C#.</summary>
internal sealed record Filter(string Sql, Func<HistoryRow, bool> Holds);

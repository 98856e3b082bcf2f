using System.Text;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;

namespace FeatureActors.Core.Tests.Expressions;

/// <summary>A row of named columns for expression tests, built from objects.</summary>
internal sealed class TestRow : IColumnResolver
{
    public const long EventTimeMs = 1_700_000_000_123;

    public static readonly (string Name, FieldType Type)[] Columns =
    [
        ("s", FieldType.String), ("t", FieldType.String), ("n", FieldType.Long), ("m", FieldType.Long), ("d", FieldType.Double),
        ("e", FieldType.Double), ("x", FieldType.Decimal), ("y", FieldType.Decimal), ("b", FieldType.Boolean), ("c", FieldType.Boolean),
        ("category_id", FieldType.String), ("a b", FieldType.Long), ("nothing", FieldType.Long), ("no_text", FieldType.String),
    ];

    public static readonly ConfigPosition Start = new("defs.conf", 7, 11);

    private readonly RowCell[] _cells = new RowCell[Columns.Length];
    private readonly ByteArena _bytes = new();

    public TestRow()
    {
        Set("s", "purchase").Set("t", "Größe_50%").Set("n", 7L).Set("m", -3L).Set("d", 2.5).Set("e", -0.5).Set("x", 1.10m)
            .Set("y", 3m).Set("b", true).Set("c", false).Set("category_id", "c1").Set("a b", 5L);
    }

    public IEnumerable<string> Names => Columns.Select(column => column.Name);

    public static BoundExpression Bind(string text, FieldType? expected = null)
    {
        var errors = new List<ConfigError>();
        BoundExpression? bound = TryBind(text, errors, expected);
        Assert.True(bound is not null, $"{text}: {string.Join("; ", errors)}");
        return bound;
    }

    public static BoundExpression? TryBind(string text, List<ConfigError> errors, FieldType? expected = null)
    {
        SqlExpression? expression = SqlExpression.Parse(text, Start, errors);
        return expression is null ? null : ExpressionBinder.Bind(expression, new TestRow(), expected, errors);
    }

    public static object? Evaluate(string text) => Bind(text).CreateEvaluator().Evaluate(new TestRow().View()).ToObject();

    public bool TryResolve(string name, out ResolvedColumn column)
    {
        int index = Array.FindIndex(Columns, candidate => candidate.Name == name);
        column = index < 0 ? default : new ResolvedColumn(index, Columns[index].Type);
        return index >= 0;
    }

    public TestRow Set(string name, object? value)
    {
        ref RowCell cell = ref _cells[Array.FindIndex(Columns, column => column.Name == name)];
        cell.IsPresent = value is not null;
        switch (value)
        {
            case string text:
                byte[] utf8 = Encoding.UTF8.GetBytes(text);
                cell.Offset = _bytes.Append(utf8);
                cell.Length = utf8.Length;
                break;
            case long number:
                cell.Bits = number;
                break;
            case double real:
                cell.Bits = BitConverter.DoubleToInt64Bits(real);
                break;
            case decimal exact:
                cell.Offset = _bytes.Append(exact);
                cell.Length = sizeof(decimal);
                break;
            case bool truth:
                cell.Bits = truth ? 1 : 0;
                break;
        }

        return this;
    }

    public RowView View() => new(_cells, _bytes.Written, EventTimeMs, EventTimeMs + 5, 1);
}

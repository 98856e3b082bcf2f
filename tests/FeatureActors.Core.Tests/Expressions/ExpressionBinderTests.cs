using FeatureActors.Abstractions.Configuration;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;

namespace FeatureActors.Core.Tests.Expressions;

public sealed class ExpressionBinderTests
{
    [Theory]
    [InlineData("categry_id = 'x'", 11, "unknown column 'categry_id'", "did you mean 'category_id'?")]
    [InlineData("n + S", 15, "unknown column 'S'", "did you mean 's'?")]
    [InlineData("n = 'x'", 13, "= cannot compare: the left side is long, the right side is string", "convert one side with CAST(… AS …)")]
    [InlineData("s + 's'", 13, "+ needs numbers: the left side is string, the right side is string", "|| joins strings")]
    [InlineData("n AND b", 11, "AND needs conditions, this is long", "convert with CAST(… AS …), or compare it")]
    [InlineData("NOT s", 15, "NOT needs a condition, this is string", "convert with CAST(… AS …), or compare it")]
    [InlineData("LOWR(s)", 11, "unknown function LOWR", "did you mean LOWER?")]
    [InlineData("LOWER(n)", 11, "LOWER(long) does not exist", "there is LOWER(string)")]
    [InlineData("n IN (1, 'a')", 20, "IN compares values of one type: the first is long, this is string", "convert with CAST(… AS …)")]
    [InlineData("HOUR(n, 'Mars/North')", 19, "unknown time zone 'Mars/North'", "use an IANA name such as 'Europe/Paris', or 'UTC'")]
    [InlineData("s LIKE 'a!' ESCAPE '!'", 18, "the pattern ends with its escape character", null)]
    [InlineData("s LIKE 'a' ESCAPE '!!'", 29, "ESCAPE needs a single character", null)]
    [InlineData("NULLIF(n)", 11, "NULLIF takes 2 arguments, not 1", null)]
    [InlineData("", 11, "the expression is empty", null)]
    [InlineData("n = ", 15, "expected a value, a column or an opening parenthesis, found the end of the expression", null)]
    [InlineData("n = 1 2", 17, "expected the end of the expression, or an operator, found '2'", null)]
    [InlineData("s = 'open", 15, "this string has no closing quote", "a quote inside a string is written ''")]
    [InlineData("n == 1", 14, "expected a value, a column or an opening parenthesis, found '='", null)]
    [InlineData("1 < n < 3", 17, "comparisons cannot be chained", "write a < b AND b < c")]
    [InlineData("n & 1", 13, "unexpected character '&'", "write AND")]
    [InlineData("9223372036854775808", 11, "9223372036854775808 is too large for a long", "write it with a decimal point to get a double")]
    [InlineData("CAST(n AS int)", 21, "expected one of the types string, long, double, decimal, boolean, found 'int'", null)]
    [InlineData("n = 7day", 15, "this is neither a number nor a name", "a column whose name starts with a digit is written in double quotes")]
    public void Mistake_is_shown_at_its_column(string text, int column, string message, string? hint)
    {
        var errors = new List<ConfigError>();
        Assert.Null(TestRow.TryBind(text, errors));
        Assert.Equal(new ConfigError(new ConfigPosition("defs.conf", 7, column), message, hint), Assert.Single(errors));
    }

    [Fact]
    public void Mistake_on_a_later_line_counts_its_column_from_the_line_start()
    {
        var errors = new List<ConfigError>();
        Assert.Null(TestRow.TryBind("n = 1\r\n  AND wrong_1 = 2\n AND s = wrong_2 ", errors));
        Assert.Equal([new ConfigPosition("defs.conf", 8, 7), new ConfigPosition("defs.conf", 9, 10)], errors.Select(error => error.Position));
    }

    [Fact]
    public void All_unknown_columns_and_types_are_reported_at_once()
    {
        var errors = new List<ConfigError>();
        Assert.Null(TestRow.TryBind("aaaa = 1 OR LOWER(bbbb) = 'x' OR CASE WHEN n THEN cccc ELSE dddd END = 1 OR s > 1 OR NOPE(eeee)", errors));
        Assert.Equal(8, errors.Count);
    }

    [Fact]
    public void Expected_type_converts_where_that_is_implicit()
    {
        Assert.Equal(FieldType.Double, TestRow.Bind("n", FieldType.Double).Type);
        Assert.Equal(FieldType.Decimal, TestRow.Bind("1.5", FieldType.Decimal).Type);
        Assert.Equal(FieldType.Boolean, TestRow.Bind("NULL", FieldType.Boolean).Type);
        var errors = new List<ConfigError>();
        Assert.Null(TestRow.TryBind("d", errors, FieldType.Long));
        Assert.Equal("the expression must be long, this is double", Assert.Single(errors).Message);
    }

    [Fact]
    public void Referenced_columns_are_listed_once_and_in_order()
    {
        BoundExpression bound = TestRow.Bind("m > n AND n > m AND s = 'x'");
        Assert.Equal([0, 2, 3], bound.ReferencedColumns);
        Assert.Equal(["m", "n", "s"], bound.Source.ColumnNames);
        Assert.Null(bound.SingleColumn);
        Assert.Equal(3, TestRow.Bind("(m)").SingleColumn);
        Assert.True(TestRow.Bind("LOWER('X') = 'x'").IsConstant);
        Assert.False(TestRow.Bind("EVENT_TIME() > 0").IsConstant);
    }

    [Theory]
    [InlineData("n=1 and(s like'a%')", "((\"n\" = 1) AND (\"s\" LIKE 'a%'))")]
    [InlineData("n != -1 -- x", "(\"n\" <> -1)")]
    [InlineData("n > -(0)", "(\"n\" > 0)")]
    [InlineData("n > -(5)", "(\"n\" > -5)")]
    [InlineData("substr(s,1)||'it''s'", "(SUBSTRING(\"s\", 1) || 'it''s')")]
    [InlineData("x > 1.50 or d < 1e-40", "((\"x\" > 1.5) OR (\"d\" < 1E-40))")]
    [InlineData("case n when 1 then 2.0 else null end", "CASE \"n\" WHEN 1 THEN 2.0 ELSE NULL END")]
    [InlineData("cast(n as String) not in ('a')", "(CAST(\"n\" AS STRING) NOT IN ('a'))")]
    [InlineData("not n between 1 and - m", "(NOT (\"n\" BETWEEN 1 AND (- \"m\")))")]
    public void Canonical_text_has_one_spelling_and_parses_to_itself(string text, string canonical)
    {
        SqlExpression first = TestRow.Bind(text).Source;
        Assert.Equal(canonical, first.ToCanonicalText());
        Assert.Equal(canonical, TestRow.Bind(canonical).Source.ToCanonicalText());
    }

    [Fact]
    public void Nesting_beyond_the_bound_is_an_error_and_not_a_crash()
    {
        foreach (string text in new[]
        {
            new string('(', 30_000) + "n",
            string.Concat(Enumerable.Repeat("NOT ", 15_000)) + "b",
            string.Concat(Enumerable.Repeat("- ", 30_000)) + "n",
            "n" + string.Concat(Enumerable.Repeat(" + 1", 15_000)),
            string.Concat(Enumerable.Repeat("ABS(", 15_000)) + "n",
            string.Concat(Enumerable.Repeat("CASE WHEN b THEN ", 3_000)) + "n",
            "n" + string.Concat(Enumerable.Repeat(" IS NULL", 8_000)),
        })
        {
            var errors = new List<ConfigError>();
            Assert.Null(TestRow.TryBind(text, errors));
            Assert.Contains("nested deeper than 200 levels", Assert.Single(errors).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Nesting_up_to_the_bound_and_long_flat_chains_work_on_a_small_stack()
    {
        string nested = string.Concat(Enumerable.Repeat("COALESCE(NULLIF(", 95)) + "n" + string.Concat(Enumerable.Repeat(", 1), 1)", 95));
        string chain = string.Join(" OR ", Enumerable.Repeat("n = 1", 5_000));
        object? value = null;
        var thread = new Thread(
            () =>
            {
                value = TestRow.Evaluate(nested);
                TestRow.Evaluate(chain);
                TestRow.Evaluate(string.Concat(Enumerable.Repeat("ABS(", 198)) + "n" + new string(')', 198));
                TestRow.Evaluate(string.Concat(Enumerable.Repeat("CASE WHEN b THEN ", 198)) + "n" + string.Concat(Enumerable.Repeat(" END", 198)));
                TestRow.Evaluate(new string('(', 199) + "n" + new string(')', 199));
            },
            maxStackSize: 1 << 20);
        thread.Start();
        thread.Join();
        Assert.Equal(7L, value);
    }

    [Fact]
    public void Text_beyond_the_bound_is_an_error()
    {
        var errors = new List<ConfigError>();
        Assert.Null(TestRow.TryBind(new string(' ', SqlExpression.TextLengthMax) + "n", errors));
        Assert.Single(errors);
    }

    [Fact]
    public void Plug_in_function_is_called_with_converted_arguments()
    {
        ScalarFunctionSet functions = ScalarFunctionSet.BuiltIn.With([new HalfFunction()]);
        var errors = new List<ConfigError>();
        SqlExpression expression = SqlExpression.Parse("half(n) + 1", TestRow.Start, errors)!;
        BoundExpression? bound = ExpressionBinder.Bind(expression, new TestRow(), null, errors, functions);
        Assert.Empty(errors);
        Assert.Equal(4.5, bound!.CreateEvaluator().Evaluate(new TestRow().View()).ToObject());
        Assert.Throws<ArgumentException>(() => functions.With([new HalfFunction()]));
    }

    private sealed class HalfFunction : IScalarFunction, IScalarEvaluator
    {
        public string Name => "HALF";

        public IReadOnlyList<ScalarSignature> Signatures { get; } = [new ScalarSignature([FieldType.Double], FieldType.Double)];

        public ScalarBinding Bind(int signature, IReadOnlyList<ScalarArgument> arguments) => ScalarBinding.To(this);

        public void Evaluate(scoped in RowView arguments, ref ScalarResult result) => result.SetDouble(arguments.GetDouble(0) / 2);
    }
}

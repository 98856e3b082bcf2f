using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;

namespace FeatureActors.Core.Tests.Expressions;

public sealed class ExpressionEvaluationTests
{
    [Theory]
    [InlineData("TRUE AND NULL", null)]
    [InlineData("FALSE AND NULL", false)]
    [InlineData("NULL AND FALSE", false)]
    [InlineData("TRUE OR NULL", true)]
    [InlineData("FALSE OR NULL", null)]
    [InlineData("NOT NULL", null)]
    [InlineData("NULL = NULL", null)]
    [InlineData("nothing = 1", null)]
    [InlineData("nothing <> 1", null)]
    [InlineData("nothing IS NULL", true)]
    [InlineData("n IS NOT NULL AND NOT c", true)]
    [InlineData("n IN (1, 7, NULL)", true)]
    [InlineData("n IN (1, 8, NULL)", null)]
    [InlineData("n NOT IN (1, 8, NULL)", null)]
    [InlineData("n NOT IN (1, 8)", true)]
    [InlineData("nothing IN (1)", null)]
    [InlineData("s IN ('purchase', 'cancel')", true)]
    [InlineData("s NOT IN ('view', 'cancel')", true)]
    [InlineData("s IN ('view', NULL)", null)]
    [InlineData("n IN (m, 7)", true)]
    [InlineData("n IN (m, nothing)", null)]
    [InlineData("n IN (7.0, 8.5)", true)]
    [InlineData("n BETWEEN 7 AND 7", true)]
    [InlineData("n BETWEEN nothing AND 6", false)]
    [InlineData("n NOT BETWEEN nothing AND 6", true)]
    [InlineData("n BETWEEN nothing AND 8", null)]
    [InlineData("n BETWEEN 8 AND nothing", false)]
    public void Conditions_follow_three_valued_logic(string text, bool? expected) => Assert.Equal(expected, TestRow.Evaluate(text));

    [Theory]
    [InlineData("s LIKE 'pur%'", true)]
    [InlineData("s LIKE '%chase'", true)]
    [InlineData("s LIKE '%rch%'", true)]
    [InlineData("s LIKE 'purchase'", true)]
    [InlineData("s LIKE '%'", true)]
    [InlineData("'' LIKE '%%'", true)]
    [InlineData("s LIKE 'p_rch_se'", true)]
    [InlineData("s LIKE 'p%c_a%e'", true)]
    [InlineData("s LIKE 'p%c_b%e'", false)]
    [InlineData("s NOT LIKE 'x%'", true)]
    [InlineData("t LIKE 'Gr__e%'", true)]
    [InlineData("t LIKE 'Gr___e%'", false)]
    [InlineData("t LIKE '%!_50!%' ESCAPE '!'", true)]
    [InlineData("t LIKE '%!_5_!%' ESCAPE '!'", true)]
    [InlineData("s LIKE '%!_%' ESCAPE '!'", false)]
    [InlineData("s LIKE no_text", null)]
    [InlineData("no_text LIKE '%'", null)]
    [InlineData("'a%b' LIKE 'a%%b' ESCAPE '%'", true)]
    [InlineData("'aXb' LIKE 'a%%b' ESCAPE '%'", false)]
    [InlineData("'aaab' LIKE '%ab'", true)]
    [InlineData("'abababc' LIKE '%abc%'", true)]
    [InlineData("'abababc' LIKE '%ab_bc'", true)]
    public void Like_matches_characters(string text, bool? expected) => Assert.Equal(expected, TestRow.Evaluate(text));

    [Theory]
    [InlineData("1 + 2 * 3", 7L)]
    [InlineData("(1 + 2) * 3", 9L)]
    [InlineData("7 / 2", 3L)]
    [InlineData("-7 / 2", -3L)]
    [InlineData("-7 % 2", -1L)]
    [InlineData("n / 0", null)]
    [InlineData("n % 0", null)]
    [InlineData("9223372036854775807 + m * 0 + 1", null)]
    [InlineData("-9223372036854775808 / -1", null)]
    [InlineData("-9223372036854775808 % -1", 0L)]
    [InlineData("- -9223372036854775808", null)]
    [InlineData("9223372036854775807 * 2", null)]
    [InlineData("-4611686018427387904 * 2", long.MinValue)]
    [InlineData("n + NULL", null)]
    [InlineData("d * 2", 5.0)]
    [InlineData("d / 0", null)]
    [InlineData("1e308 * 10", null)]
    [InlineData("n + d", 9.5)]
    [InlineData("- n", -7L)]
    [InlineData("+ n - -n", 14L)]
    [InlineData("\"a b\" + 1", 6L)]
    [InlineData("n -- a comment\n + 1", 8L)]
    [InlineData("n = 7.0", true)]
    [InlineData("x = 1.1", true)]
    [InlineData("x + 0.1 = 1.2", true)]
    [InlineData("0.1 + 0.2 = 0.3", false)]
    [InlineData("x > d", false)]
    [InlineData("'b' > 'a' AND 'a' > 'B' AND 'é' > 'z'", true)]
    public void Arithmetic_and_comparison_follow_sql(string text, object? expected) => Assert.Equal(expected, TestRow.Evaluate(text));

    [Fact]
    public void Decimals_stay_exact_and_overflow_to_null()
    {
        Assert.Equal(4.10m, TestRow.Evaluate("x + y"));
        Assert.Equal(8.10m, TestRow.Evaluate("x + n"));
        Assert.Equal(3.60, TestRow.Evaluate("x + d"));
        Assert.Null(TestRow.Evaluate("CAST('79228162514264337593543950335' AS decimal) + y"));
        Assert.Null(TestRow.Evaluate("CAST('79228162514264337593543950335' AS decimal) * y"));
        Assert.Equal(79228162514264337593543950335m, TestRow.Evaluate("CAST('79228162514264337593543950334' AS decimal) + 1"));
        Assert.Null(TestRow.Evaluate("x / (y - 3)"));
    }

    [Theory]
    [InlineData("CASE WHEN n > 5 THEN 'big' WHEN n > 1 THEN 'mid' ELSE 'low' END", "big")]
    [InlineData("CASE WHEN nothing > 5 THEN 'big' END", null)]
    [InlineData("CASE n WHEN 7 THEN 1 ELSE 2.5 END", 1.0)]
    [InlineData("CASE nothing WHEN NULL THEN 1 ELSE 2 END", 2L)]
    [InlineData("COALESCE(nothing, NULL, n)", 7L)]
    [InlineData("COALESCE(nothing, d)", 2.5)]
    [InlineData("COALESCE(NULL, NULL)", null)]
    [InlineData("NULLIF(n, 7)", null)]
    [InlineData("NULLIF(n, 7.0)", null)]
    [InlineData("NULLIF(n, 7.5)", 7L)]
    [InlineData("NULLIF(n, NULL)", 7L)]
    [InlineData("NULLIF(s, 'view')", "purchase")]
    [InlineData("GREATEST(n, m, NULL)", 7L)]
    [InlineData("LEAST(n, m, d)", -3.0)]
    [InlineData("GREATEST(nothing, NULL)", null)]
    [InlineData("GREATEST('a', s)", "purchase")]
    public void Choices_pick_the_right_value(string text, object? expected) => Assert.Equal(expected, TestRow.Evaluate(text));

    [Theory]
    [InlineData("CAST(' 12 ' AS long)", 12L)]
    [InlineData("CAST('12x' AS long)", null)]
    [InlineData("CAST('9223372036854775808' AS long)", null)]
    [InlineData("CAST(2.5 AS long)", 2L)]
    [InlineData("CAST(3.5 AS long)", 4L)]
    [InlineData("CAST(1e19 AS long)", null)]
    [InlineData("CAST(CAST('2.5' AS decimal) AS long)", 3L)]
    [InlineData("CAST(CAST('1e28' AS decimal) AS long)", null)]
    [InlineData("CAST(1e29 AS decimal)", null)]
    [InlineData("CAST(n AS string) || '!'", "7!")]
    [InlineData("CAST(d AS string)", "2.5")]
    [InlineData("CAST(x AS string)", "1.10")]
    [InlineData("CAST(b AS string)", "true")]
    [InlineData("CAST(c AS string)", "false")]
    [InlineData("CAST('TRUE' AS boolean)", true)]
    [InlineData("CAST('yes' AS boolean)", null)]
    [InlineData("CAST('Infinity' AS double)", null)]
    [InlineData("CAST('1e2' AS double)", 100.0)]
    [InlineData("CAST(b AS long) + CAST(c AS long)", 1L)]
    [InlineData("CAST(0 AS boolean)", false)]
    [InlineData("CAST(NULL AS long) IS NULL", true)]
    public void Casts_give_null_where_the_value_does_not_fit(string text, object? expected) =>
        Assert.Equal(expected, TestRow.Evaluate(text));

    [Theory]
    [InlineData("LOWER('ÄBC')", "äbc")]
    [InlineData("UPPER(t)", "GRÖßE_50%")]
    [InlineData("UPPER('abc')", "ABC")]
    [InlineData("LENGTH(t)", 9L)]
    [InlineData("SUBSTRING(s, 4)", "chase")]
    [InlineData("SUBSTR(s, 1, 3)", "pur")]
    [InlineData("SUBSTRING(s, 0, 3)", "pu")]
    [InlineData("SUBSTRING(s, -5, 3)", "")]
    [InlineData("SUBSTRING(s, 2, -1)", null)]
    [InlineData("SUBSTRING(s, 9, 5)", "")]
    [InlineData("SUBSTRING(t, 3, 1)", "ö")]
    [InlineData("SUBSTRING(s, 2, 9223372036854775807)", "urchase")]
    [InlineData("SUBSTRING(s, -9223372036854775807)", "purchase")]
    [InlineData("TRIM('  a b ') || '|' || LTRIM('  a ') || '|' || RTRIM('  a ')", "a b|a |  a")]
    [InlineData("CONCAT('a', NULL, s)", "apurchase")]
    [InlineData("'a' || no_text", null)]
    [InlineData("LOWER('A') || UPPER('b') || 'c' || LOWER('D')", "aBcd")]
    [InlineData("s || s || s", "purchasepurchasepurchase")]
    [InlineData("(s || 'a') || (s || 'b')", "purchaseapurchaseb")]
    [InlineData("REPLACE('a.b.c', '.', '--')", "a--b--c")]
    [InlineData("REPLACE('aaa', 'aa', '')", "a")]
    [InlineData("REPLACE('abc', '', 'x')", "abc")]
    [InlineData("STARTS_WITH(s, 'pur') AND ENDS_WITH(s, 'se') AND CONTAINS(s, 'cha')", true)]
    [InlineData("SPLIT_PART('a,b,c', ',', 2)", "b")]
    [InlineData("SPLIT_PART('a,b,c', ',', 3)", "c")]
    [InlineData("SPLIT_PART('a,b,c', ',', -1)", "c")]
    [InlineData("SPLIT_PART('a,b,c', ',', 4)", "")]
    [InlineData("SPLIT_PART('a,b,c', ',', 0)", null)]
    [InlineData("LENGTH(no_text)", null)]
    public void Text_functions_count_characters(string text, object? expected) => Assert.Equal(expected, TestRow.Evaluate(text));

    [Theory]
    [InlineData("ABS(m)", 3L)]
    [InlineData("ABS(-9223372036854775808)", null)]
    [InlineData("ABS(e)", 0.5)]
    [InlineData("FLOOR(e)", -1.0)]
    [InlineData("CEIL(d)", 3.0)]
    [InlineData("CEILING(n)", 7L)]
    [InlineData("ROUND(d)", 2.0)]
    [InlineData("ROUND(2.346, 2)", 2.35)]
    [InlineData("SIGN(e)", -1L)]
    [InlineData("MOD(n, 4)", 3L)]
    [InlineData("MOD(n, 0)", null)]
    [InlineData("MOD(d, 0)", null)]
    [InlineData("POWER(n, 2)", 49.0)]
    [InlineData("SQRT(m)", null)]
    [InlineData("LN(0)", null)]
    [InlineData("LOG10(1000)", 3.0)]
    [InlineData("EXP(0)", 1.0)]
    public void Number_functions_give_null_outside_their_domain(string text, object? expected) =>
        Assert.Equal(expected, TestRow.Evaluate(text));

    // 1_700_000_000_123 is 2023-11-14T22:13:20.123Z, a Tuesday.
    [Theory]
    [InlineData("EVENT_TIME()", TestRow.EventTimeMs)]
    [InlineData("HOUR(EVENT_TIME())", 22L)]
    [InlineData("HOUR(EVENT_TIME(), 'Asia/Shanghai')", 6L)]
    [InlineData("DAY_OF_WEEK(EVENT_TIME())", 2L)]
    [InlineData("DAY_OF_WEEK(EVENT_TIME(), 'Asia/Shanghai')", 3L)]
    [InlineData("YEAR(-1)", 1969L)]
    [InlineData("SECOND(-1)", 59L)]
    [InlineData("DATE_TRUNC('hour', EVENT_TIME())", 1_699_999_200_000L)]
    [InlineData("DATE_TRUNC('DAY', EVENT_TIME())", 1_699_920_000_000L)]
    [InlineData("DATE_TRUNC('day', EVENT_TIME(), 'Asia/Shanghai')", 1_699_977_600_000L)]
    [InlineData("DATE_TRUNC('week', EVENT_TIME())", 1_699_833_600_000L)]
    [InlineData("DATE_TRUNC('month', EVENT_TIME())", 1_698_796_800_000L)]
    [InlineData("DATE_TRUNC('quarter', EVENT_TIME())", 1_696_118_400_000L)]
    [InlineData("DATE_TRUNC('year', EVENT_TIME())", 1_672_531_200_000L)]
    [InlineData("DATE_TRUNC('second', -1)", -1000L)]
    [InlineData("DATE_TRUNC('day', 1711846800000, 'Europe/Paris')", 1_711_839_600_000L)]
    [InlineData("DATE_TRUNC('day', 1711900000000, 'Europe/Paris')", 1_711_839_600_000L)]
    [InlineData("PARSE_TIME('2023-11-14T22:13:20.123Z')", TestRow.EventTimeMs)]
    [InlineData("HOUR(9223372036854775807)", null)]
    [InlineData("DATE_TRUNC('week', -62135596800000)", -62135596800000L)]
    public void Time_functions_know_zones(string text, object? expected) => Assert.Equal(expected, TestRow.Evaluate(text));

    [Fact]
    public void A_value_is_written_into_the_cell_of_another_row()
    {
        var bytes = new ByteArena();
        bytes.Append("before"u8);
        var cells = new RowCell[3];
        RowView row = new TestRow().View();
        TestRow.Bind("LOWER('A') || s").CreateEvaluator().Write(row, ref cells[0], bytes);
        TestRow.Bind("x + 1").CreateEvaluator().Write(row, ref cells[1], bytes);
        TestRow.Bind("d * -0.0").CreateEvaluator().Write(row, ref cells[2], bytes);
        var written = new RowView(cells, bytes.Written, 0, 0, 1);
        Assert.Equal("apurchase"u8.ToArray(), written.GetUtf8(0).ToArray());
        Assert.Equal(2.10m, written.GetDecimal(1));
        Assert.Equal(0L, written.GetInt64(2));
    }

    [Fact]
    public void A_string_beyond_the_limit_is_null()
    {
        BoundExpression bound = TestRow.Bind("REPLACE(REPLACE(REPLACE(s, 'a', s), 'a', s), 'a', s) || s");
        TestRow row = new TestRow().Set("s", new string('a', 2000));
        Assert.True(bound.CreateEvaluator().Evaluate(row.View()).IsNull);
    }

    [Fact]
    public void Predicate_is_true_only_for_true()
    {
        RowView row = new TestRow().View();
        Assert.True(TestRow.Bind("s = 'purchase'", FieldType.Boolean).CreatePredicate().IsTrue(row));
        Assert.False(TestRow.Bind("s = 'cancel'", FieldType.Boolean).CreatePredicate().IsTrue(row));
        Assert.False(TestRow.Bind("no_text = 'cancel'", FieldType.Boolean).CreatePredicate().IsTrue(row));
        Assert.Throws<InvalidOperationException>(() => TestRow.Bind("n").CreatePredicate());
    }
}

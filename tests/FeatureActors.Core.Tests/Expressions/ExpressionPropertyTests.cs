using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.RegularExpressions;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;
using Xunit.Abstractions;

namespace FeatureActors.Core.Tests.Expressions;

/// <summary>
/// Random expressions, each written as text and, independently, as a function over boxed values with null for NULL. Both must agree
/// on random rows.
/// </summary>
public sealed class ExpressionPropertyTests(ITestOutputHelper output)
{
    private static readonly string[] Texts = ["", "a", "ab", "b", "ä", "a%", "A_b", "abc", "10", "-3"];
    private static readonly long[] Longs = [0, 1, -1, 2, 3, 7, 10, long.MaxValue, long.MinValue];
    private static readonly double[] Doubles = [0, 1, -1, 0.5, 2.5, -7.25, 3, 1e300];
    private static readonly decimal[] Decimals = [0m, 1m, -1m, 0.1m, 2.50m, -7.25m, 79228162514264337593543950335m];

    private sealed record Generated(string Text, Func<Dictionary<string, object?>, object?> Eval);

    [Fact]
    public void Compiled_expressions_agree_with_a_naive_interpreter()
    {
        int seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        int nulls = 0;
        for (int round = 0; round < 3_000; round++)
        {
            FieldType type = (FieldType)random.Next(1, 6);
            Generated generated = Generate(random, type, depth: random.Next(1, 6));
            BoundExpression bound = TestRow.Bind(generated.Text, type);
            BoundExpression canonical = TestRow.Bind(bound.Source.ToCanonicalText(), type);
            Assert.Equal(bound.Source.ToCanonicalText(), canonical.Source.ToCanonicalText());
            CompiledValue compiled = bound.CreateEvaluator();
            for (int rows = 0; rows < 6; rows++)
            {
                (TestRow row, Dictionary<string, object?> values) = RandomRow(random);
                object? expected = generated.Eval(values);
                object? actual = compiled.Evaluate(row.View()).ToObject();
                nulls += expected is null ? 1 : 0;
                Assert.True(
                    Equals(expected, actual),
                    $"seed {seed}, round {round}: {generated.Text} over {string.Join(", ", values)} gives {actual ?? "NULL"}, not {expected ?? "NULL"}");
                Assert.Equal(expected, canonical.CreateEvaluator().Evaluate(row.View()).ToObject());
            }
        }

        output.WriteLine($"{nulls} of 18000 results were NULL");
    }

    private static (TestRow Row, Dictionary<string, object?> Values) RandomRow(Random random)
    {
        var row = new TestRow();
        var values = new Dictionary<string, object?>();
        foreach ((string name, FieldType type) in TestRow.Columns)
        {
            values[name] = random.Next(5) == 0 ? null : Value(random, type);
            row.Set(name, values[name]);
        }

        return (row, values);
    }

    private static object Value(Random random, FieldType type) => type switch
    {
        FieldType.String => Pick(random, Texts),
        FieldType.Long => Pick(random, Longs),
        FieldType.Double => Pick(random, Doubles),
        FieldType.Decimal => Pick(random, Decimals),
        _ => random.Next(2) == 0,
    };

    private static T Pick<T>(Random random, T[] values) => values[random.Next(values.Length)];

    private static Generated Generate(Random random, FieldType type, int depth)
    {
        if (depth <= 1)
        {
            return Leaf(random, type);
        }

        int choice = random.Next(10);
        if (choice == 0)
        {
            return Case(random, type, depth - 1);
        }

        if (choice == 1)
        {
            Generated first = Generate(random, type, depth - 1);
            Generated second = Generate(random, type, depth - 1);
            return new($"COALESCE({first.Text}, {second.Text})", row => first.Eval(row) ?? second.Eval(row));
        }

        if (choice == 2)
        {
            Generated first = Generate(random, type, depth - 1);
            Generated second = Generate(random, type, depth - 1);
            return new($"NULLIF({first.Text}, {second.Text})", row =>
            {
                object? value = first.Eval(row);
                object? other = second.Eval(row);
                return value is not null && other is not null && Compare(value, other) == 0 ? null : value;
            });
        }

        return type switch
        {
            FieldType.Boolean => Condition(random, depth - 1),
            FieldType.String => Text(random, depth - 1),
            _ => Arithmetic(random, type, depth - 1),
        };
    }

    private static Generated Leaf(Random random, FieldType type)
    {
        if (random.Next(3) > 0)
        {
            string name = Pick(random, TestRow.Columns.Where(column => column.Type == type).Select(column => column.Name).ToArray());
            return new($"\"{name}\"", row => row[name]);
        }

        if (random.Next(6) == 0)
        {
            return new($"CAST(NULL AS {type.ToString().ToLowerInvariant()})", _ => null);
        }

        object value = Value(random, type);
        string text = value switch
        {
            string s => $"'{s}'",
            bool b => b ? "TRUE" : "FALSE",
            double d => $"CAST('{d.ToString("R", CultureInfo.InvariantCulture)}' AS double)",
            decimal m => $"CAST('{m.ToString(CultureInfo.InvariantCulture)}' AS decimal)",
            _ => string.Create(CultureInfo.InvariantCulture, $"{value}"),
        };
        return new(text, _ => value);
    }

    private static Generated Case(Random random, FieldType type, int depth)
    {
        Generated then = Generate(random, type, depth);
        Generated otherwise = Generate(random, type, depth);
        if (random.Next(2) == 0)
        {
            Generated when = Generate(random, FieldType.Boolean, depth);
            return new(
                $"CASE WHEN {when.Text} THEN {then.Text} ELSE {otherwise.Text} END",
                row => when.Eval(row) is true ? then.Eval(row) : otherwise.Eval(row));
        }

        FieldType operandType = (FieldType)random.Next(1, 6);
        Generated operand = Generate(random, operandType, depth);
        Generated match = Generate(random, operandType, depth);
        return new(
            $"CASE {operand.Text} WHEN {match.Text} THEN {then.Text} ELSE {otherwise.Text} END",
            row => operand.Eval(row) is { } a && match.Eval(row) is { } b && Compare(a, b) == 0 ? then.Eval(row) : otherwise.Eval(row));
    }

    private static Generated Condition(Random random, int depth)
    {
        switch (random.Next(8))
        {
            case 0:
            case 1:
                bool isAnd = random.Next(2) == 0;
                Generated[] parts = [.. Enumerable.Range(0, random.Next(2, 4)).Select(_ => Generate(random, FieldType.Boolean, depth))];
                return new(
                    $"({string.Join(isAnd ? " AND " : " OR ", parts.Select(part => part.Text))})",
                    row =>
                    {
                        object?[] truths = [.. parts.Select(part => part.Eval(row))];
                        return truths.Any(truth => truth is bool b && b != isAnd) ? !isAnd : truths.Contains(null) ? null : isAnd;
                    });
            case 2:
                Generated negated = Generate(random, FieldType.Boolean, depth);
                return new($"(NOT {negated.Text})", row => negated.Eval(row) is bool b ? !b : null);
            case 3:
                Generated tested = Generate(random, (FieldType)random.Next(1, 6), depth);
                bool isNot = random.Next(2) == 0;
                return new($"({tested.Text} IS {(isNot ? "NOT " : string.Empty)}NULL)", row => tested.Eval(row) is null != isNot);
            case 4:
                return In(random, depth);
            case 5:
                return Between(random, depth);
            case 6:
                return Like(random, depth);
            default:
                return Comparison(random, depth);
        }
    }

    private static Generated Comparison(Random random, int depth)
    {
        FieldType type = (FieldType)random.Next(1, 6);
        FieldType otherType = type is FieldType.Double or FieldType.Decimal && random.Next(2) == 0 ? FieldType.Long : type;
        Generated left = Generate(random, type, depth);
        Generated right = Generate(random, otherType, depth);
        (string symbol, Func<int, bool> holds) = random.Next(6) switch
        {
            0 => ("=", (Func<int, bool>)(order => order == 0)),
            1 => ("<>", order => order != 0),
            2 => ("<", order => order < 0),
            3 => ("<=", order => order <= 0),
            4 => (">", order => order > 0),
            _ => (">=", order => order >= 0),
        };
        return new($"({left.Text} {symbol} {right.Text})", row =>
            left.Eval(row) is { } a && right.Eval(row) is { } b ? holds(Compare(a, b)) : null);
    }

    private static Generated In(Random random, int depth)
    {
        FieldType type = (FieldType)random.Next(1, 6);
        Generated operand = Generate(random, type, depth);
        bool isConstant = random.Next(2) == 0;
        Generated[] items = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => isConstant ? Leaf(random, type) : Generate(random, type, depth))];
        bool isNot = random.Next(2) == 0;
        return new($"({operand.Text}{(isNot ? " NOT" : string.Empty)} IN ({string.Join(", ", items.Select(item => item.Text))}))", row =>
        {
            object? value = operand.Eval(row);
            object?[] candidates = [.. items.Select(item => item.Eval(row))];
            return value is null ? null
                : candidates.Any(candidate => candidate is not null && Compare(value, candidate) == 0) ? !isNot
                : candidates.Contains(null) ? null : isNot;
        });
    }

    private static Generated Between(Random random, int depth)
    {
        FieldType type = (FieldType)random.Next(1, 6);
        Generated operand = Generate(random, type, depth);
        Generated low = Generate(random, type, depth);
        Generated high = Generate(random, type, depth);
        bool isNot = random.Next(2) == 0;
        return new($"({operand.Text}{(isNot ? " NOT" : string.Empty)} BETWEEN {low.Text} AND {high.Text})", row =>
        {
            object? value = operand.Eval(row);
            object? above = value is not null && low.Eval(row) is { } a ? Compare(value, a) >= 0 : null;
            object? below = value is not null && high.Eval(row) is { } b ? Compare(value, b) <= 0 : null;
            object? both = above is false || below is false ? false : above is true && below is true ? true : null;
            return both is bool inside ? inside != isNot : null;
        });
    }

    private static Generated Like(Random random, int depth)
    {
        Generated operand = Generate(random, FieldType.String, depth);
        string pattern = string.Concat(Enumerable.Range(0, random.Next(5)).Select(_ => "%%_abä!"[random.Next(7)]));
        bool hasEscape = random.Next(2) == 0 && !pattern.EndsWith('!');
        if (hasEscape && Regex.IsMatch(pattern, "!!$"))
        {
            hasEscape = false;
        }

        var regex = new StringBuilder("^");
        for (int i = 0; i < pattern.Length; i++)
        {
            bool isLiteral = hasEscape && pattern[i] == '!';
            i += isLiteral ? 1 : 0;
            regex.Append(!isLiteral && pattern[i] == '%' ? ".*" : !isLiteral && pattern[i] == '_' ? "." : Regex.Escape(pattern[i].ToString()));
        }

        var matcher = new Regex(regex.Append('$').ToString(), RegexOptions.Singleline | RegexOptions.CultureInvariant);
        return new($"({operand.Text} LIKE '{pattern}'{(hasEscape ? " ESCAPE '!'" : string.Empty)})", row =>
            operand.Eval(row) is string text ? matcher.IsMatch(text) : null);
    }

    private static Generated Text(Random random, int depth)
    {
        Generated first = Generate(random, FieldType.String, depth);
        Generated second = Generate(random, FieldType.String, depth);
        switch (random.Next(6))
        {
            case 0:
                return new($"LOWER({first.Text})", row => ((string?)first.Eval(row))?.ToLowerInvariant());
            case 1:
                return new($"REPLACE({first.Text}, 'a', {second.Text})", row =>
                    first.Eval(row) is string a && second.Eval(row) is string b ? a.Replace("a", b, StringComparison.Ordinal) : null);
            case 2:
                int start = random.Next(1, 4);
                return new($"SUBSTRING({first.Text}, {start}, 2)", row =>
                    first.Eval(row) is string s ? string.Concat(s.Skip(start - 1).Take(2)) : null);
            case 3:
                Generated number = Generate(random, FieldType.Long, depth);
                return new($"CAST({number.Text} AS string)", row =>
                    number.Eval(row) is long value ? value.ToString(CultureInfo.InvariantCulture) : null);
            case 4:
                return new($"CONCAT({first.Text}, {second.Text})", row => $"{first.Eval(row)}{second.Eval(row)}");
            default:
                return new($"({first.Text} || {second.Text})", row =>
                    first.Eval(row) is string a && second.Eval(row) is string b ? a + b : null);
        }
    }

    private static Generated Arithmetic(Random random, FieldType type, int depth)
    {
        if (random.Next(8) == 0)
        {
            Generated negated = Generate(random, type, depth);
            return new($"(- {negated.Text})", row => Compute('-', type, Zero(type), negated.Eval(row)));
        }

        if (type == FieldType.Long && random.Next(8) == 0)
        {
            Generated text = Generate(random, FieldType.String, depth);
            return new($"LENGTH({text.Text})", row => text.Eval(row) is string s ? (long)s.Length : null);
        }

        char op = "+-*/%"[random.Next(5)];
        FieldType otherType = type != FieldType.Long && random.Next(3) == 0 ? FieldType.Long : type;
        Generated left = Generate(random, type, depth);
        Generated right = Generate(random, otherType, depth);
        return new($"({left.Text} {op} {right.Text})", row => Compute(op, type, left.Eval(row), right.Eval(row)));
    }

    private static object Zero(FieldType type) => type switch { FieldType.Long => 0L, FieldType.Double => -0.0, _ => 0m };

    private static object? Compute(char op, FieldType type, object? left, object? right)
    {
        if (left is null || right is null)
        {
            return null;
        }

        if (type == FieldType.Long)
        {
            BigInteger a = (long)left;
            BigInteger b = (long)right;
            if (op is '/' or '%' && b == 0)
            {
                return null;
            }

            BigInteger exact = op switch
            {
                '+' => a + b,
                '-' => a - b,
                '*' => a * b,
                '/' => BigInteger.Divide(a, b),
                _ => BigInteger.Remainder(a, b),
            };
            return exact >= long.MinValue && exact <= long.MaxValue ? (long)exact : null;
        }

        if (type == FieldType.Double)
        {
            double a = (double)left;
            double b = right is long whole ? whole : (double)right;
            double value = op switch { '+' => a + b, '-' => a - b, '*' => a * b, '/' => a / b, _ => a % b };
            return double.IsFinite(value) ? value : null;
        }

        try
        {
            decimal a = (decimal)left;
            decimal b = right is long whole ? whole : (decimal)right;
            return op switch { '+' => a + b, '-' => a - b, '*' => a * b, '/' => a / b, _ => a % b };
        }
        catch (Exception error) when (error is OverflowException or DivideByZeroException)
        {
            return null;
        }
    }

    private static int Compare(object left, object right) => (left, right) switch
    {
        (string a, string b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b)),
        (double a, long b) => a.CompareTo((double)b),
        (decimal a, long b) => a.CompareTo((decimal)b),
        _ => ((IComparable)left).CompareTo(right),
    };
}

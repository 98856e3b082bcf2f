using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using static FeatureActors.Abstractions.Rows.FieldType;

namespace FeatureActors.Core.Expressions;

/// <summary>
/// Numeric functions. Results outside their type, and arguments outside the domain, give NULL. Doubles round half to even, decimals
/// half away from zero, as in PostgreSQL.
/// </summary>
internal static class NumberFunctions
{
    public static IReadOnlyList<IScalarFunction> All { get; } =
    [
        new BuiltInFunction(
            "ABS",
            BuiltInFunction.Of(Long, static (scoped in RowView a, ref ScalarResult r) =>
            {
                if (a.GetInt64(0) != long.MinValue)
                {
                    r.SetInt64(Math.Abs(a.GetInt64(0)));
                }
            }, Long),
            BuiltInFunction.Of(FieldType.Double, static (scoped in RowView a, ref ScalarResult r) =>
                r.SetDouble(Math.Abs(a.GetDouble(0))), FieldType.Double),
            BuiltInFunction.Of(FieldType.Decimal, static (scoped in RowView a, ref ScalarResult r) =>
                r.SetDecimal(Math.Abs(a.GetDecimal(0))), FieldType.Decimal)),
        Rounding("FLOOR", Math.Floor, Math.Floor),
        Rounding("CEIL", Math.Ceiling, Math.Ceiling),
        new BuiltInFunction(
            "ROUND",
            BuiltInFunction.Of(Long, static (scoped in RowView a, ref ScalarResult r) => r.SetInt64(a.GetInt64(0)), Long),
            BuiltInFunction.Of(FieldType.Double, static (scoped in RowView a, ref ScalarResult r) =>
                r.SetDouble(Math.Round(a.GetDouble(0), MidpointRounding.ToEven)), FieldType.Double),
            BuiltInFunction.Of(FieldType.Decimal, static (scoped in RowView a, ref ScalarResult r) =>
                r.SetDecimal(Math.Round(a.GetDecimal(0), MidpointRounding.AwayFromZero)), FieldType.Decimal),
            BuiltInFunction.Of(FieldType.Double, static (scoped in RowView a, ref ScalarResult r) =>
            {
                if (a.GetInt64(1) is >= 0 and <= 15)
                {
                    r.SetDouble(Math.Round(a.GetDouble(0), (int)a.GetInt64(1), MidpointRounding.ToEven));
                }
            }, FieldType.Double, Long),
            BuiltInFunction.Of(FieldType.Decimal, static (scoped in RowView a, ref ScalarResult r) =>
            {
                if (a.GetInt64(1) is >= 0 and <= 28)
                {
                    r.SetDecimal(Math.Round(a.GetDecimal(0), (int)a.GetInt64(1), MidpointRounding.AwayFromZero));
                }
            }, FieldType.Decimal, Long)),
        new BuiltInFunction(
            "SIGN",
            BuiltInFunction.Of(Long, static (scoped in RowView a, ref ScalarResult r) => r.SetInt64(Math.Sign(a.GetInt64(0))), Long),
            BuiltInFunction.Of(Long, static (scoped in RowView a, ref ScalarResult r) =>
                r.SetInt64(Math.Sign(a.GetDouble(0))), FieldType.Double),
            BuiltInFunction.Of(Long, static (scoped in RowView a, ref ScalarResult r) =>
                r.SetInt64(Math.Sign(a.GetDecimal(0))), FieldType.Decimal)),
        new BuiltInFunction(
            "MOD",
            BuiltInFunction.Of(Long, static (scoped in RowView a, ref ScalarResult r) =>
            {
                if (LongArithmeticNode.TryCompute(SqlBinary.Modulo, a.GetInt64(0), a.GetInt64(1), out long value))
                {
                    r.SetInt64(value);
                }
            }, Long, Long),
            BuiltInFunction.Of(FieldType.Decimal, static (scoped in RowView a, ref ScalarResult r) =>
            {
                if (DecimalArithmeticNode.TryCompute(SqlBinary.Modulo, a.GetDecimal(0), a.GetDecimal(1), out decimal value))
                {
                    r.SetDecimal(value);
                }
            }, FieldType.Decimal, FieldType.Decimal),
            BuiltInFunction.Of(FieldType.Double, static (scoped in RowView a, ref ScalarResult r) =>
                r.SetDouble(a.GetDouble(0) % a.GetDouble(1)), FieldType.Double, FieldType.Double)),
        new BuiltInFunction("POWER", BuiltInFunction.Of(FieldType.Double, static (scoped in RowView a, ref ScalarResult r) =>
            r.SetDouble(Math.Pow(a.GetDouble(0), a.GetDouble(1))), FieldType.Double, FieldType.Double)),
        Real("SQRT", Math.Sqrt),
        Real("LN", Math.Log),
        Real("LOG10", Math.Log10),
        Real("EXP", Math.Exp),
    ];

    private static BuiltInFunction Real(string name, Func<double, double> function) => new(
        name,
        BuiltInFunction.Of(FieldType.Double, (scoped in RowView a, ref ScalarResult r) =>
            r.SetDouble(function(a.GetDouble(0))), FieldType.Double));

    private static BuiltInFunction Rounding(string name, Func<double, double> real, Func<decimal, decimal> exact) => new(
        name,
        BuiltInFunction.Of(Long, static (scoped in RowView a, ref ScalarResult r) => r.SetInt64(a.GetInt64(0)), Long),
        BuiltInFunction.Of(FieldType.Double, (scoped in RowView a, ref ScalarResult r) =>
            r.SetDouble(real(a.GetDouble(0))), FieldType.Double),
        BuiltInFunction.Of(FieldType.Decimal, (scoped in RowView a, ref ScalarResult r) =>
            r.SetDecimal(exact(a.GetDecimal(0))), FieldType.Decimal));
}

using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;
using FeatureActors.Core.Tests.Decoding;

namespace FeatureActors.Core.Tests.Expressions;

public sealed class ExpressionAllocationTests
{
    [Theory]
    [InlineData("s IN ('purchase', 'cancel', 'view', 'like', 'share')")]
    [InlineData("s = 'purchase' AND n > 3 OR d BETWEEN 1 AND 2.5")]
    [InlineData("n + m * 2 - 7 / 3 > COALESCE(nothing, 5)")]
    [InlineData("x * y + 0.5 > 1.25")]
    [InlineData("CASE WHEN s LIKE 'pur%' THEN n ELSE m END = 7")]
    [InlineData("CASE s WHEN 'purchase' THEN d ELSE e END > 0")]
    [InlineData("LOWER(s) || UPPER(t) <> REPLACE(s, 'a', 'b')")]
    [InlineData("HOUR(EVENT_TIME(), 'Asia/Shanghai') = 6 AND DATE_TRUNC('day', EVENT_TIME(), 'Europe/Paris') > 0")]
    [InlineData("CAST(n AS string) = '7' AND CAST('7' || s AS long) IS NULL AND SPLIT_PART(t, '_', 2) LIKE '5__'")]
    [InlineData("CONCAT(s, t) = s AND NULLIF(n, 7) IS NULL AND GREATEST(n, m) = 7 AND n IN (1, 2, 7) AND POWER(d, 2) > 1")]
    public void Evaluation_allocates_nothing_after_warm_up(string text)
    {
        CompiledPredicate predicate = TestRow.Bind(text, FieldType.Boolean).CreatePredicate();
        var source = new TestRow();
        for (int i = 0; i < 200; i++)
        {
            predicate.IsTrue(source.View());
        }

        Assert.Equal(0, AllocationProbe.Least(() =>
        {
            for (int i = 0; i < 1000; i++)
            {
                predicate.IsTrue(source.View());
            }
        }));
    }
}

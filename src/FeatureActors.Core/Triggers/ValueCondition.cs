using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Expressions;

namespace FeatureActors.Core.Triggers;

/// <summary>An SQL condition over the values that a trigger sees. Its column i is their field i.</summary>
internal sealed class ValueCondition : TriggerCondition
{
    private readonly Func<Scratch> _scratch;

    /// <summary>A condition whose column i is field i of the values.</summary>
    public ValueCondition(BoundExpression expression)
    {
        // An evaluator owns scratch memory, while one condition serves every shard: one per thread.
        var perThread = new ThreadLocal<Scratch>(() => new Scratch(expression));
        _scratch = () => perThread.Value!;
    }

    /// <inheritdoc/>
    public override bool IsTrue(in TriggerValues values) => _scratch().IsTrue(values);

    private sealed class Scratch(BoundExpression expression)
    {
        private readonly CompiledPredicate _predicate = expression.CreatePredicate();
        private readonly RowCell[] _cells = new RowCell[expression.ReferencedColumns.DefaultIfEmpty(-1).Max() + 1];
        private readonly ByteArena _bytes = new(64);

        public bool IsTrue(in TriggerValues values)
        {
            _bytes.Clear();
            foreach (int column in expression.ReferencedColumns)
            {
                ref RowCell cell = ref _cells[column];
                FeatureValueKind kind = values.Kind(column);
                cell.IsPresent = kind != FeatureValueKind.Absent;
                if (kind == FeatureValueKind.Number)
                {
                    cell.Bits = BitConverter.DoubleToInt64Bits(values.Number(column));
                }
                else if (cell.IsPresent)
                {
                    ReadOnlySpan<byte> text = values.Text(column);
                    cell.Offset = _bytes.Append(text);
                    cell.Length = text.Length;
                }
            }

            return _predicate.IsTrue(new RowView(_cells, _bytes.Written, values.NowMs, values.NowMs, 1));
        }
    }
}

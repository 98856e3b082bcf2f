using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.TallyPlugin;

/// <summary><c>twice(text)</c>: the text two times; the next version writes it three times. Throws for <c>throw</c>.</summary>
public sealed class TwiceFunction : IScalarFunction
{
    /// <inheritdoc/>
    public string Name => "twice";

    /// <inheritdoc/>
    public IReadOnlyList<ScalarSignature> Signatures { get; } = [new ScalarSignature([FieldType.String], FieldType.String)];

    /// <inheritdoc/>
    public ScalarBinding Bind(int signature, IReadOnlyList<ScalarArgument> arguments) => ScalarBinding.To(new Evaluator());

    private sealed class Evaluator : IScalarEvaluator
    {
#if NEXT
        private const int Times = 3;
#else
        private const int Times = 2;
#endif

        public void Evaluate(scoped in RowView arguments, ref ScalarResult result)
        {
            ReadOnlySpan<byte> text = arguments.GetUtf8(0);
            if (text.SequenceEqual("throw"u8))
            {
                throw new TallyException("told to throw");
            }

            Span<byte> target = result.ReserveUtf8(text.Length * Times);
            for (int i = 0; i < Times; i++)
            {
                text.CopyTo(target[(i * text.Length)..]);
            }

            result.CommitUtf8(text.Length * Times);
        }
    }
}

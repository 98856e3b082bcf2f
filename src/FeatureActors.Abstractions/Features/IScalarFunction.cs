using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Abstractions.Features;

/// <summary>
/// A function for expressions in definitions. It must be deterministic: the same arguments give the same result on every node
/// and at every time, because events are replayed. The built-in functions use this interface too.
/// </summary>
public interface IScalarFunction
{
    /// <summary>Name, matched without regard to case; letters, digits and underscores.</summary>
    string Name { get; }

    /// <summary>
    /// Argument lists that are accepted. The one that needs the fewest conversions (long to decimal, long or decimal to double) is
    /// taken; among equals the first.
    /// </summary>
    IReadOnlyList<ScalarSignature> Signatures { get; }

    /// <summary>
    /// True: an argument that is NULL makes the result NULL without a call of the evaluator. False: the evaluator is asked.
    /// </summary>
    bool IsStrict => true;

    /// <summary>
    /// Called once for each use in an expression, when it is bound. Constant arguments are known here, so patterns, zones and the
    /// like are prepared or refused now.
    /// </summary>
    /// <param name="signature">Index of the chosen signature in <see cref="Signatures"/>.</param>
    /// <param name="arguments">The arguments after conversion to the signature's types.</param>
    ScalarBinding Bind(int signature, IReadOnlyList<ScalarArgument> arguments);
}

/// <summary>Computes a bound function for one row. Immutable or thread-safe: shards share it. It must not allocate per call.</summary>
public interface IScalarEvaluator
{
    /// <summary>
    /// Reads the arguments as columns 0, 1, … of <paramref name="arguments"/> and sets <paramref name="result"/>, which starts as
    /// NULL. An exception counts as a failure of the feature that uses the expression; return NULL for bad data instead.
    /// </summary>
    void Evaluate(scoped in RowView arguments, ref ScalarResult result);
}

/// <summary>One accepted argument list.</summary>
/// <param name="Parameters">Types of the parameters in order.</param>
/// <param name="Result">Type of the result.</param>
/// <param name="IsVariadic">True: the last parameter may be repeated any number of times.</param>
public sealed record ScalarSignature(IReadOnlyList<FieldType> Parameters, FieldType Result, bool IsVariadic = false);

/// <summary>What is known of an argument when an expression is bound.</summary>
/// <param name="Type">Type after conversion to the signature.</param>
/// <param name="IsConstant">True when the argument is the same for every row.</param>
/// <param name="Constant">
/// The constant: <see cref="string"/>, <see cref="long"/>, <see cref="double"/>, <see cref="decimal"/> or <see cref="bool"/>; null for
/// NULL and for arguments that are not constant.
/// </param>
public readonly record struct ScalarArgument(FieldType Type, bool IsConstant, object? Constant);

/// <summary>Outcome of <see cref="IScalarFunction.Bind"/>: an evaluator or an error at one of the arguments.</summary>
public sealed record ScalarBinding
{
    private ScalarBinding(IScalarEvaluator? evaluator, int argument, string? error, string? hint)
    {
        Evaluator = evaluator;
        ErrorArgument = argument;
        Error = error;
        Hint = hint;
    }

    /// <summary>The evaluator, or null on an error.</summary>
    public IScalarEvaluator? Evaluator { get; }

    /// <summary>Index of the argument at fault.</summary>
    public int ErrorArgument { get; }

    /// <summary>What is wrong, in one sentence; null when there is an evaluator.</summary>
    public string? Error { get; }

    /// <summary>What to do about it, or null.</summary>
    public string? Hint { get; }

    /// <summary>A successful binding.</summary>
    public static ScalarBinding To(IScalarEvaluator evaluator) => new(evaluator, 0, null, null);

    /// <summary>A refused argument; the error is shown with the position of that argument.</summary>
    public static ScalarBinding Refuse(int argument, string error, string? hint = null) => new(null, argument, error, hint);
}

using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Plugins;

/// <summary>
/// Stands between expressions and the function of a plug-in: tells the watch who is called, turns what it throws into a
/// <see cref="PluginFaultException"/>, gives NULL while it is switched off, and lets the function behind it be exchanged. Safe for
/// concurrent use.
/// </summary>
public sealed class PluginFunction : IScalarFunction
{
    private readonly Lock _lock = new();
    private readonly List<WeakReference<Evaluator>> _evaluators = [];
    private IScalarFunction _inner;

    /// <summary>Supervises <paramref name="inner"/>.</summary>
    public PluginFunction(IScalarFunction inner, string plugin)
    {
        ArgumentNullException.ThrowIfNull(inner);
        _inner = inner;
        Name = inner.Name;

        // Copied to the last list: a compiler may give the plug-in's lists types of the plug-in's own.
        Signatures = [.. inner.Signatures.Select(static s => new ScalarSignature(s.Parameters.ToArray(), s.Result, s.IsVariadic))];
        IsStrict = inner.IsStrict;
        Part = new PluginPart(plugin, "function", inner.Name);
    }

    /// <summary>The use of the plug-in.</summary>
    public PluginPart Part { get; }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public IReadOnlyList<ScalarSignature> Signatures { get; }

    /// <inheritdoc/>
    public bool IsStrict { get; }

    /// <inheritdoc/>
    public ScalarBinding Bind(int signature, IReadOnlyList<ScalarArgument> arguments)
    {
        ScalarBinding bound;
        try
        {
            bound = _inner.Bind(signature, arguments);
        }
#pragma warning disable CA1031 // A plug-in may throw anything; it is a mistake at this place of the definitions.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return ScalarBinding.Refuse(0, $"function {Name} of plug-in {Part.Plugin} failed while it was bound: {error.Message}");
        }

        if (bound.Evaluator is null)
        {
            return bound;
        }

        var evaluator = new Evaluator(this, bound.Evaluator, signature, [.. arguments]);
        lock (_lock)
        {
            _evaluators.RemoveAll(static e => !e.TryGetTarget(out _));
            _evaluators.Add(new WeakReference<Evaluator>(evaluator));
        }

        return ScalarBinding.To(evaluator);
    }

    /// <summary>
    /// Prepares to exchange the function behind this one: every use that still lives is bound anew. The action does the exchange
    /// and cannot fail.
    /// </summary>
    /// <returns>Null, and why not, when some use does not fit the new function.</returns>
    public Action? PrepareBecome(PluginFunction next, out string refusal)
    {
        ArgumentNullException.ThrowIfNull(next);
        refusal = "";
        var changes = new List<(Evaluator Use, IScalarEvaluator Inner)>();
        lock (_lock)
        {
            foreach (WeakReference<Evaluator> reference in _evaluators)
            {
                if (!reference.TryGetTarget(out Evaluator? use))
                {
                    continue;
                }

                int signature = next.IsStrict == IsStrict ? IndexOf(next.Signatures, Signatures[use.Signature]) : -1;
                ScalarBinding? bound = signature < 0 ? null : next.Bind(signature, use.Arguments);
                if (bound?.Evaluator is not Evaluator fresh)
                {
                    refusal = $"function {Name}: " + (bound?.Error ?? "the signature that the definitions use has changed");
                    return null;
                }

                changes.Add((use, fresh.Inner));
            }
        }

        return () =>
        {
            foreach ((Evaluator use, IScalarEvaluator inner) in changes)
            {
                use.Inner = inner;
            }

            // Signatures keep their order for the uses that are bound already.
            _inner = next._inner;
        };
    }

    private static int IndexOf(IReadOnlyList<ScalarSignature> signatures, ScalarSignature wanted)
    {
        for (int i = 0; i < signatures.Count; i++)
        {
            ScalarSignature each = signatures[i];
            if (each.Result == wanted.Result && each.IsVariadic == wanted.IsVariadic && each.Parameters.SequenceEqual(wanted.Parameters))
            {
                return i;
            }
        }

        return -1;
    }

    private sealed class Evaluator(PluginFunction function, IScalarEvaluator inner, int signature, ScalarArgument[] arguments) : IScalarEvaluator
    {
        private volatile IScalarEvaluator _inner = inner;
        private FaultRate _rate;

        public int Signature => signature;

        public ScalarArgument[] Arguments => arguments;

        public IScalarEvaluator Inner
        {
            get => _inner;
            set => _inner = value;
        }

        public void Evaluate(scoped in RowView arguments, ref ScalarResult result)
        {
            if (function.Part.IsOff)
            {
                _rate = default;
                return;
            }

            // Several shards count here without a lock: a lost count does not change what it is for.
            _rate.Call();
            PluginCallWatch? watch = PluginCallWatch.Current;
            watch?.Enter(function.Part);
            try
            {
                _inner.Evaluate(arguments, ref result);
            }
#pragma warning disable CA1031 // A plug-in may throw anything; whoever uses the expression decides what it costs.
            catch (Exception error)
#pragma warning restore CA1031
            {
                result.SetNull();
                function.Part.CountFault(error.Message);
                if (_rate.Fail())
                {
                    function.Part.TrySwitchOff(error.Message);
                }

                throw new PluginFaultException($"function {function.Name} of plug-in {function.Part.Plugin} failed: {error.Message}", error);
            }
            finally
            {
                watch?.Leave();
            }
        }
    }
}

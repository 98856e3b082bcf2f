using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Expressions;

/// <content>Calls: the special forms, whose types depend on each other, and functions by signature.</content>
public sealed partial class ExpressionBinder
{
    private EvalNode? BindCall(SqlCall node)
    {
        switch (node.Name)
        {
            case "COALESCE":
                return BindOneType(node, 1, int.MaxValue, static (type, values) => new CoalesceNode(type, values));
            case "GREATEST":
                return BindOneType(node, 1, int.MaxValue, static (type, values) => new ExtremeNode(type, values, isGreatest: true));
            case "LEAST":
                return BindOneType(node, 1, int.MaxValue, static (type, values) => new ExtremeNode(type, values, isGreatest: false));
            case "NULLIF":
                return BindNullIf(node);
            case "EVENT_TIME":
                return HasCount(node, 0, 0) ? new EventTimeNode() : null;
            default:
                return BindFunction(node);
        }
    }

    private EvalNode? BindOneType(SqlCall node, int countMin, int countMax, Func<FieldType, EvalNode[], EvalNode> create)
    {
        if (!HasCount(node, countMin, countMax))
        {
            return null;
        }

        EvalNode[]? values = BindSameType(node.Arguments, $"the arguments of {node.Name} must have one type");
        return values is null ? null : Fold(create(values[0].Type, values), values);
    }

    private EvalNode? BindNullIf(SqlCall node)
    {
        if (!HasCount(node, 2, 2))
        {
            return null;
        }

        EvalNode? first = BindNode(node.Arguments[0]);
        EvalNode? second = BindNode(node.Arguments[1]);
        if (first is null || second is null)
        {
            return null;
        }

        FieldType? type = CommonType(first, second);
        if (type is null)
        {
            return Error<EvalNode>(
                node.Arguments[1].Start,
                $"NULLIF compares values of one type: the first is {Name(first.Type)}, this is {Name(second.Type)}",
                "convert with CAST(… AS …)");
        }

        // A literal beside a decimal is a decimal; any other first argument keeps its own type.
        EvalNode value = IsUntyped(first) || (first is ConstantNode && type == FieldType.Decimal) ? Promote(first, type.Value) : first;
        EvalNode other = Promote(second, type.Value);
        return Fold(new NullIfNode(value, other), value, other);
    }

    private bool HasCount(SqlCall node, int countMin, int countMax)
    {
        int count = node.Arguments.Count;
        if (count >= countMin && count <= countMax)
        {
            return true;
        }

        string wanted = countMax == int.MaxValue ? $"at least {countMin}" : $"{countMin}";
        Error<EvalNode>(node.Start, $"{node.Name} takes {wanted} arguments, not {count}", null);
        return false;
    }

    private EvalNode? BindFunction(SqlCall node)
    {
        EvalNode?[] bound = [.. node.Arguments.Select(BindNode)];
        IScalarFunction? function = _functions.Find(node.Name);
        if (function is null)
        {
            string? near = NameSuggestion.Nearest(node.Name, [.. _functions.Names, .. SpecialForms]);
            return Error<EvalNode>(node.Start, $"unknown function {node.Name}", near is null ? null : $"did you mean {near}?");
        }

        if (bound.Contains(null))
        {
            return null;
        }

        if (bound.Length > FunctionNode.ArgumentsMax)
        {
            return Error<EvalNode>(node.Start, $"{node.Name} takes at most {FunctionNode.ArgumentsMax} arguments", null);
        }

        int chosen = Choose(function, bound!);
        if (chosen < 0)
        {
            string types = string.Join(", ", bound.Select(argument => IsUntyped(argument!) ? "NULL" : Name(argument!.Type)));
            string accepted = string.Join(" or ", function.Signatures.Select(signature => Describe(node.Name, signature)));
            return Error<EvalNode>(node.Start, $"{node.Name}({types}) does not exist", $"there is {accepted}");
        }

        ScalarSignature signature = function.Signatures[chosen];
        EvalNode[] arguments = [.. bound.Select((argument, i) => Promote(argument!, ParameterType(signature, i)))];
        ScalarBinding binding = function.Bind(
            chosen,
            [.. arguments.Select(argument => new ScalarArgument(argument.Type, argument.IsConstant, (argument as ConstantNode)?.Value))]);
        if (binding.Evaluator is null)
        {
            int at = Math.Clamp(binding.ErrorArgument, 0, Math.Max(node.Arguments.Count - 1, 0));
            int start = node.Arguments.Count == 0 ? node.Start : node.Arguments[at].Start;
            return Error<EvalNode>(start, binding.Error ?? "refused", binding.Hint);
        }

        // A plug-in that fails on constants must not end the plan: it is left to fail, and to be supervised, per row.
        var call = new FunctionNode(signature.Result, binding.Evaluator, arguments, function.IsStrict);
        bool isBuiltIn = function.GetType().Assembly == typeof(ExpressionBinder).Assembly;
        return isBuiltIn ? Fold(call, arguments) : call;
    }

    private static readonly string[] SpecialForms = ["COALESCE", "GREATEST", "LEAST", "NULLIF", "EVENT_TIME", "CAST"];

    private static int Choose(IScalarFunction function, EvalNode[] arguments)
    {
        int best = -1;
        int bestCost = int.MaxValue;
        for (int i = 0; i < function.Signatures.Count; i++)
        {
            int cost = Cost(function.Signatures[i], arguments);
            if (cost < bestCost)
            {
                best = i;
                bestCost = cost;
            }
        }

        return best;
    }

    // int.MaxValue: it does not fit. A step to double costs more than one to decimal, which keeps every digit.
    private static int Cost(ScalarSignature signature, EvalNode[] arguments)
    {
        int count = signature.Parameters.Count;
        if (signature.IsVariadic ? arguments.Length < count : arguments.Length != count)
        {
            return int.MaxValue;
        }

        int cost = 0;
        for (int i = 0; i < arguments.Length; i++)
        {
            FieldType parameter = ParameterType(signature, i);
            if (!CanPromote(arguments[i], parameter))
            {
                return int.MaxValue;
            }

            cost += IsUntyped(arguments[i]) || arguments[i].Type == parameter ? 0 : parameter == FieldType.Decimal ? 1 : 2;
        }

        return cost;
    }

    private static FieldType ParameterType(ScalarSignature signature, int index) =>
        signature.Parameters[Math.Min(index, signature.Parameters.Count - 1)];

    private static string Describe(string name, ScalarSignature signature) =>
        $"{name}({string.Join(", ", signature.Parameters.Select(Name))}{(signature.IsVariadic ? ", …" : string.Empty)})";
}

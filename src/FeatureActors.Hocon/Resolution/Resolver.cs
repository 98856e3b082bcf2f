using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Hocon.Syntax;

namespace FeatureActors.Hocon.Resolution;

/// <summary>
/// Turns a merged syntax tree into a tree of values. A substitution looks forward: it takes the final value of its path, found
/// element by element without resolving anything beside it. When that leads back to a definition that is being worked on, it
/// looks back: it takes what the weaker definitions of that slot give. When nothing is there, it is missing.
/// </summary>
/// <remarks>
/// Each definition being worked on carries a mark. A result that depended on a mark set outside of it holds only in that
/// context and is not remembered (the taint below). Bounded by values, by nesting and by the stack.
/// </remarks>
internal sealed partial class Resolver(SyntaxObject root, HoconOptions options, FileSet report)
{
    private const int NoTaint = int.MaxValue;
    private const int CharsPerValue = 16;

    // Evaluation steps per allowed value: look-ups that produce nothing cost too.
    private const int StepsPerValue = 20;

    // Each step looks through the definitions of one slot.
    private const int DefinitionsPerStep = 8;

    private readonly Slot _root = Slot.Of(root);
    private readonly HashSet<SyntaxValue> _reported = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<ConfigNode, long> _sizes = new(ReferenceEqualityComparer.Instance);
    private int _marks;
    private int _taint = NoTaint;
    private bool _sawCycle;
    private long _values;
    private long _steps;
    private int _nesting;

    /// <summary>Resolves everything; errors go to the report.</summary>
    public ConfigObject Resolve() =>
        Force(SlotView.All(_root)) as ConfigObject ?? new ConfigObject(root.Position, []);

    private ConfigNode? Force(SlotView view)
    {
        Step(view);
        view = Visible(view);
        SlotMemo memo = view.Slot.Memo;
        if (memo.Nodes.TryGetValue(view.Count, out ConfigNode? known))
        {
            Spend(known is null ? 0 : SizeOf(known), view);
            return known;
        }

        (int outerTaint, int start) = (_taint, _marks);
        _taint = NoTaint;
        ConfigNode? node = KindOf(view) switch
        {
            ValueKind.Undefined => null,
            ValueKind.Object => ForceObject(view),
            _ => ForceStrongest(view),
        };
        if (_taint > start)
        {
            memo.Nodes[view.Count] = node;
        }

        _taint = Math.Min(outerTaint, _taint);
        return node;
    }

    private ConfigObject ForceObject(SlotView view)
    {
        if (++_nesting > options.DepthMax + 1)
        {
            Abort(PlaceOf(view).Value, $"the nesting is deeper than {options.DepthMax} levels once substitutions are resolved");
        }

        List<string> keys = KeysOf(view);
        var fields = new List<ConfigField>(keys.Count);
        long size = 1;
        foreach (string key in keys)
        {
            if (ChildOf(view, key) is { } child && Force(child) is { } node)
            {
                fields.Add(new ConfigField(key, PlaceOf(child).Key, node));
                size += SizeOf(node);
            }
        }

        _nesting--;
        var result = new ConfigObject(PlaceOf(view).Value, fields);
        _sizes[result] = size;
        Spend(1, view);
        return result;
    }

    // The value is no object: the strongest definition that gives anything decides.
    private ConfigNode? ForceStrongest(SlotView view)
    {
        for (int i = view.Count - 1; i >= 0; i--)
        {
            Definition definition = view.Slot.Definitions[i];
            if (KindOf(definition) != ValueKind.Undefined)
            {
                return Force(definition, view);
            }
        }

        return null;
    }

    private ConfigNode? Force(Definition definition, SlotView view)
    {
        using Mark mark = MarkOf(definition);
        switch (definition.Value)
        {
            case SyntaxScalar scalar:
                Spend(1, view);
                return scalar.Node;
            case SyntaxArray array:
                return ForceArray(array, view);
            case SyntaxConcatenation concatenation:
                return Join(definition, concatenation, view);
            default:
                return TargetOf(definition) is { } target ? Force(target) : null;
        }
    }

    private ConfigArray ForceArray(SyntaxArray array, SlotView view)
    {
        if (++_nesting > options.DepthMax + 1)
        {
            Abort(array.Position, $"the nesting is deeper than {options.DepthMax} levels once substitutions are resolved");
        }

        var items = new List<ConfigNode>(array.Items.Count);
        foreach (Slot item in array.Items)
        {
            if (Force(SlotView.All(item)) is { } node)
            {
                items.Add(node);
            }
        }

        _nesting--;
        return Sized(new ConfigArray(array.Position, items), view);
    }

    private ConfigArray Sized(ConfigArray array, SlotView view)
    {
        _sizes[array] = 1 + array.Items.Sum(SizeOf);
        Spend(1, view);
        return array;
    }

    private long SizeOf(ConfigNode node) =>
        node is ConfigScalar scalar ? 1 + ((scalar.Text?.Length ?? 0) / CharsPerValue) : _sizes.GetValueOrDefault(node, 1);

    private void Spend(long values, SlotView view)
    {
        _values += values;
        if (_values > options.ResolvedValuesMax)
        {
            Abort(
                view.Slot.Definitions[0].Value.Position,
                $"the configuration grows over {options.ResolvedValuesMax} values once substitutions are resolved");
        }
    }

    private void Step(SlotView view)
    {
        _steps += 1 + (view.Count / DefinitionsPerStep);
        if (_steps > (long)options.ResolvedValuesMax * StepsPerValue || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            ConfigPosition position = view.Slot.Definitions.Count > 0 ? view.Slot.Definitions[^1].Value.Position : root.Position;
            Abort(position, "the substitutions around this value are too many or too deeply chained to resolve");
        }
    }

    private void Abort(ConfigPosition position, string message)
    {
        report.Error(position, message);
        throw new SyntaxAbortException();
    }

    private void ReportOnce(SyntaxValue value, ConfigPosition position, string message, string? hint = null)
    {
        if (_reported.Add(value))
        {
            report.Error(position, message, hint);
        }
    }

    private Mark MarkOf(Definition definition)
    {
        if (definition.MarkDepth > 0)
        {
            return default;
        }

        definition.MarkDepth = ++_marks;
        return new Mark(this, definition);
    }

    /// <summary>Takes the mark off again; the default value does nothing.</summary>
    private readonly struct Mark(Resolver? resolver, Definition? definition) : IDisposable
    {
        public void Dispose()
        {
            if (resolver is not null)
            {
                definition!.MarkDepth = 0;
                resolver._marks--;
            }
        }
    }
}

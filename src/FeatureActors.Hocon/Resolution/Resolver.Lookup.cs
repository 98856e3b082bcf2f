using FeatureActors.Abstractions.Configuration;
using FeatureActors.Hocon.Syntax;

namespace FeatureActors.Hocon.Resolution;

/// <summary>What a value is, where it comes from and what is below it, without resolving it.</summary>
internal sealed partial class Resolver
{
    // Definitions being worked on, and all above them, are not visible: whoever comes back to them looks back.
    private SlotView Visible(SlotView view)
    {
        for (int i = 0; i < view.Count; i++)
        {
            int mark = view.Slot.Definitions[i].MarkDepth;
            if (mark > 0)
            {
                _taint = Math.Min(_taint, mark);
                _sawCycle = true;
                return view with { Count = i };
            }
        }

        return view;
    }

    private ValueKind KindOf(SlotView view)
    {
        Step(view);
        view = Visible(view);
        SlotMemo memo = view.Slot.Memo;
        if (memo.Kinds.TryGetValue(view.Count, out ValueKind kind))
        {
            return kind;
        }

        (int outerTaint, int start) = (_taint, _marks);
        _taint = NoTaint;
        for (int i = view.Count - 1; i >= 0 && kind == ValueKind.Undefined; i--)
        {
            kind = KindOf(view.Slot.Definitions[i]);
        }

        if (_taint > start)
        {
            memo.Kinds[view.Count] = kind;
        }

        _taint = Math.Min(outerTaint, _taint);
        return kind;
    }

    private ValueKind KindOf(Definition definition)
    {
        switch (definition.Value)
        {
            case SyntaxScalar:
                return ValueKind.Scalar;
            case SyntaxArray:
                return ValueKind.Array;
            case SyntaxObject:
                return ValueKind.Object;
            case SyntaxConcatenation concatenation:
                using (MarkOf(definition))
                {
                    return KindOf(definition, concatenation);
                }

            default:
                using (MarkOf(definition))
                {
                    return TargetOf(definition) is { } target ? KindOf(target) : ValueKind.Undefined;
                }
        }
    }

    // The keys of an object in the order in which they were first written, the weakest definition first.
    private List<string> KeysOf(SlotView view)
    {
        Step(view);
        view = Visible(view);
        int first = view.Count;
        for (int i = view.Count - 1; i >= 0; i--)
        {
            ValueKind kind = KindOf(view.Slot.Definitions[i]);
            if (kind is ValueKind.Scalar or ValueKind.Array)
            {
                break;
            }

            first = i;
        }

        var keys = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (int i = first; i < view.Count; i++)
        {
            foreach (string key in KeysOf(view.Slot.Definitions[i]).Where(seen.Add))
            {
                keys.Add(key);
            }
        }

        return keys;
    }

    private IEnumerable<string> KeysOf(Definition definition)
    {
        if (definition.Value is SyntaxObject value)
        {
            return value.Slots.Select(slot => slot.Key);
        }

        using Mark mark = MarkOf(definition);
        return TargetOf(definition) is { } target && KindOf(target) == ValueKind.Object ? KeysOf(target) : [];
    }

    // The slot of one field of an object. Null when the value is no object or has no such field.
    private SlotView? ChildOf(SlotView view, string key)
    {
        Step(view);
        view = Visible(view);
        if (view.Count == 1 && view.Slot.Definitions[0].Value is SyntaxObject only)
        {
            return only.Find(key) is { } slot ? SlotView.All(slot) : null;
        }

        SlotMemo memo = view.Slot.Memo;
        if (!memo.Children.TryGetValue((view.Count, key), out Slot? child))
        {
            (int outerTaint, int start) = (_taint, _marks);
            _taint = NoTaint;
            child = MergeChild(view, key);
            if (_taint > start)
            {
                memo.Children[(view.Count, key)] = child;
            }

            _taint = Math.Min(outerTaint, _taint);
        }

        return child is null ? null : SlotView.All(child);
    }

    private Slot? MergeChild(SlotView view, string key)
    {
        var parts = new List<Definition>();
        for (int i = view.Count - 1; i >= 0; i--)
        {
            Definition definition = view.Slot.Definitions[i];
            if (definition.Value is SyntaxObject value)
            {
                if (value.Find(key) is { } slot)
                {
                    parts.AddRange(Enumerable.Reverse(slot.Definitions));
                }

                continue;
            }

            ValueKind kind = KindOf(definition);
            if (kind is ValueKind.Scalar or ValueKind.Array)
            {
                break;
            }

            if (kind == ValueKind.Object)
            {
                parts.Add(definition.ChildOf(key));
            }
        }

        if (parts.Count == 0)
        {
            return null;
        }

        parts.Reverse();
        var child = new Slot(key);
        child.Definitions.AddRange(parts);
        return child;
    }

    // Where a substitution, a child or the objects of a concatenation lead. Null when that is nothing.
    private SlotView? TargetOf(Definition definition)
    {
        if (definition.Target is { } known)
        {
            return known;
        }

        (int outerTaint, int start) = (_taint, _marks);
        _taint = NoTaint;
        using Mark whole = definition.Whole is { } owner ? MarkOf(owner) : default;
        using Mark mark = MarkOf(definition);
        SlotView? target = definition.Value switch
        {
            SyntaxSubstitution substitution => Find(substitution),
            SyntaxChild child => TargetOf(child.Parent) is { } parent ? ChildOf(parent, child.Key) : null,
            SyntaxConcatenation concatenation => SlotView.All(PiecesOf(definition, concatenation)),
            _ => throw new InvalidOperationException($"{definition.Value.GetType().Name} leads nowhere"),
        };
        if (target is not null && _taint > start)
        {
            definition.Target = target;
        }

        _taint = Math.Min(outerTaint, _taint);
        return target;
    }

    private SlotView? Find(SyntaxSubstitution substitution)
    {
        bool outerSawCycle = _sawCycle;
        _sawCycle = false;
        foreach (IReadOnlyList<string> scope in substitution.Scopes)
        {
            if (Walk([.. scope, .. substitution.Path]) is { } scoped && KindOf(scoped) != ValueKind.Undefined)
            {
                _sawCycle = outerSawCycle;
                return Visible(scoped);
            }
        }

        SlotView? found = Walk(substitution.Path) is { } view && KindOf(view) != ValueKind.Undefined
            ? Visible(view)
            : FromEnvironment(substitution);
        if (found is null && !substitution.IsOptional)
        {
            ReportMissing(substitution, _sawCycle);
        }

        _sawCycle = outerSawCycle;
        return found;
    }

    private SlotView? Walk(IReadOnlyList<string> path)
    {
        SlotView? at = SlotView.All(_root);
        for (int i = 0; i < path.Count && at is { } view; i++)
        {
            at = ChildOf(view, path[i]);
        }

        return at;
    }

    private SlotView? FromEnvironment(SyntaxSubstitution substitution)
    {
        if (substitution.IsAppend || options.Environment(string.Join('.', substitution.Path)) is not { } value)
        {
            return null;
        }

        // The place in the file helps more than the name of the variable, which stands there.
        var node = new ConfigScalar(substitution.Position, value, true, substitution.Position);
        return SlotView.All(Slot.Of(new SyntaxScalar(node)));
    }

    private void ReportMissing(SyntaxSubstitution substitution, bool isCycle)
    {
        if (report.MayMissKeys)
        {
            // It may be defined in the part that could not be read.
            return;
        }

        if (isCycle)
        {
            ReportOnce(
                substitution,
                substitution.Position,
                $"{substitution} refers back to itself and there is no earlier value to take",
                "break the cycle, or write ${?path} when it may be missing");
        }
        else
        {
            ReportOnce(
                substitution,
                substitution.Position,
                $"{substitution} is defined neither in the configuration nor in the environment",
                "define it, or write ${?path} when it may be missing");
        }
    }

    // Where the value and its key stand: the strongest definition that gives anything.
    private (ConfigPosition Key, ConfigPosition Value) PlaceOf(SlotView view)
    {
        Step(view);
        view = Visible(view);
        for (int i = view.Count - 1; i >= 0; i--)
        {
            Definition definition = view.Slot.Definitions[i];
            if (KindOf(definition) == ValueKind.Undefined)
            {
                continue;
            }

            if (definition.Value is SyntaxScalar or SyntaxArray or SyntaxObject)
            {
                return (definition.KeyPosition, definition.Value.Position);
            }

            using Mark mark = MarkOf(definition);
            (ConfigPosition key, ConfigPosition value) = TargetOf(definition) is { } target ? PlaceOf(target) : default;
            return definition.Value is SyntaxChild ? (key, value) : (definition.KeyPosition, value);
        }

        return (root.Position, root.Position);
    }
}

using FeatureActors.Abstractions.Configuration;
using FeatureActors.Hocon.Resolution;

namespace FeatureActors.Hocon.Syntax;

/// <summary>
/// A place for a value: all its definitions, weakest first. Neighbouring object literals are merged at once; anything else
/// stays, because a stronger definition may be a substitution that turns out to be an object or to look back.
/// </summary>
internal sealed class Slot(string key)
{
    public string Key { get; } = key;

    public List<Definition> Definitions { get; } = [];

    /// <summary>What the resolver knows about the first n definitions; made on first use.</summary>
    public SlotMemo Memo => field ??= new SlotMemo();

    public static Slot Of(SyntaxValue value)
    {
        var slot = new Slot("");
        slot.Definitions.Add(new Definition(value.Position, value));
        return slot;
    }

    public void Append(Definition definition)
    {
        if (definition.Value is SyntaxScalar)
        {
            // A literal hides all below it and cannot look back.
            Definitions.Clear();
        }
        else if (definition.Value is SyntaxObject upper
            && Definitions.Count > 0
            && Definitions[^1] is { Value: SyntaxObject lower } last)
        {
            if (lower.Overlay(upper))
            {
                last.KeyPosition = definition.KeyPosition;
            }

            return;
        }

        Definitions.Add(definition);
    }

    public Slot Copy()
    {
        var copy = new Slot(Key);
        copy.Definitions.AddRange(Definitions.Select(d => new Definition(d.KeyPosition, d.Value.Copy())));
        return copy;
    }
}

/// <summary>One assignment to a slot.</summary>
internal sealed class Definition(ConfigPosition keyPosition, SyntaxValue value)
{
    private Dictionary<string, Definition>? _children;

    public ConfigPosition KeyPosition { get; set; } = keyPosition;

    public SyntaxValue Value { get; } = value;

    /// <summary>The concatenation this definition is a piece of; null when it is none.</summary>
    public Definition? Whole { get; set; }

    /// <summary>Greater than 0 while the resolver works on it: its place in the chain of definitions being worked on.</summary>
    public int MarkDepth { get; set; }

    /// <summary>The pieces of a concatenation as definitions of one slot; made by the resolver.</summary>
    public Slot? PieceSlot { get; set; }

    /// <summary>Where a substitution or child leads, once known.</summary>
    public SlotView? Target { get; set; }

    /// <summary>The definition of one field below this one. Always the same instance, so that cycles through it are seen.</summary>
    public Definition ChildOf(string key)
    {
        _children ??= new Dictionary<string, Definition>(StringComparer.Ordinal);
        if (!_children.TryGetValue(key, out Definition? child))
        {
            child = new Definition(KeyPosition, new SyntaxChild(this, key));
            _children.Add(key, child);
        }

        return child;
    }
}

using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Hocon.Syntax;

/// <summary>A value as written, before substitutions are resolved.</summary>
internal abstract class SyntaxValue(ConfigPosition position)
{
    public ConfigPosition Position { get; protected set; } = position;

    /// <summary>A copy that shares nothing mutable, so that one document can take part in several resolutions.</summary>
    public abstract SyntaxValue Copy();
}

/// <summary>A text, number, boolean or null.</summary>
internal sealed class SyntaxScalar(ConfigScalar node) : SyntaxValue(node.Position)
{
    public ConfigScalar Node { get; } = node;

    public override SyntaxValue Copy() => this;
}

/// <summary>An array; each item is a slot with one definition.</summary>
internal sealed class SyntaxArray(ConfigPosition position, List<Slot> items) : SyntaxValue(position)
{
    public List<Slot> Items { get; } = items;

    public override SyntaxValue Copy() => new SyntaxArray(Position, Items.ConvertAll(item => item.Copy()));
}

/// <summary>An object: slots in the order of their first definition.</summary>
/// <param name="position">The opening brace, or the first key when there is none.</param>
/// <param name="isImplicit">True when it only exists as part of a path key such as <c>a.b = 1</c>.</param>
internal sealed class SyntaxObject(ConfigPosition position, bool isImplicit) : SyntaxValue(position)
{
    private readonly Dictionary<string, Slot> _byKey = new(StringComparer.Ordinal);

    public List<Slot> Slots { get; } = [];

    public bool IsImplicit { get; private set; } = isImplicit;

    public Slot? Find(string key) => _byKey.GetValueOrDefault(key);

    public void Define(string key, Definition definition)
    {
        if (!_byKey.TryGetValue(key, out Slot? slot))
        {
            slot = new Slot(key);
            _byKey.Add(key, slot);
            Slots.Add(slot);
        }

        slot.Append(definition);
    }

    /// <summary>Takes over the slots of a stronger object.</summary>
    public void Include(SyntaxObject upper)
    {
        foreach (Slot slot in upper.Slots)
        {
            foreach (Definition definition in slot.Definitions)
            {
                Define(slot.Key, definition);
            }
        }
    }

    /// <summary>Lays a stronger object over this one and takes over its slots.</summary>
    /// <returns>True when the merged object now stands where <paramref name="upper"/> does.</returns>
    public bool Overlay(SyntaxObject upper)
    {
        Include(upper);

        // Within one file a written brace says more about the place than a path key; across files the stronger file does.
        if (upper.IsImplicit && !IsImplicit && upper.Position.File == Position.File)
        {
            return false;
        }

        Position = upper.Position;
        IsImplicit = upper.IsImplicit;
        return true;
    }

    public override SyntaxValue Copy()
    {
        var copy = new SyntaxObject(Position, IsImplicit);
        foreach (Slot slot in Slots)
        {
            Slot slotCopy = slot.Copy();
            copy._byKey.Add(slot.Key, slotCopy);
            copy.Slots.Add(slotCopy);
        }

        return copy;
    }
}

/// <summary><c>${path}</c> or <c>${?path}</c>.</summary>
/// <param name="position">The dollar sign.</param>
/// <param name="path">The path as written.</param>
/// <param name="scopes">
/// Absolute paths of the objects into which the file that holds it was included, innermost first: the path is looked up
/// below each of them, then from the root.
/// </param>
/// <param name="isOptional">True for <c>${?path}</c>.</param>
/// <param name="isAppend">True for the earlier value of <c>path += x</c>, which the environment never provides.</param>
internal sealed class SyntaxSubstitution(
    ConfigPosition position,
    IReadOnlyList<string> path,
    IReadOnlyList<IReadOnlyList<string>> scopes,
    bool isOptional,
    bool isAppend = false)
    : SyntaxValue(position)
{
    public bool IsAppend { get; } = isAppend;

    public IReadOnlyList<string> Path { get; } = path;

    public IReadOnlyList<IReadOnlyList<string>> Scopes { get; } = scopes;

    public bool IsOptional { get; } = isOptional;

    public override SyntaxValue Copy() => new SyntaxSubstitution(Position, Path, Scopes, IsOptional, IsAppend);

    public override string ToString() =>
        $"${{{(IsOptional ? "?" : "")}{string.Join('.', Path.Select(ConfigPath.Element))}}}";
}

/// <summary>Values beside each other: texts, objects or arrays to be joined, with at least one substitution, object or array among them.</summary>
internal sealed class SyntaxConcatenation(ConfigPosition position, List<SyntaxPiece> pieces) : SyntaxValue(position)
{
    public List<SyntaxPiece> Pieces { get; } = pieces;

    public override SyntaxValue Copy() => new SyntaxConcatenation(
        Position, Pieces.ConvertAll(piece => piece with { Slot = piece.Slot?.Copy() }));
}

/// <summary>One value of a concatenation, or the white space between two.</summary>
/// <param name="Slot">The value as a slot with one definition; null for white space.</param>
/// <param name="Space">The white space; empty for a value.</param>
internal readonly record struct SyntaxPiece(Slot? Slot, string Space);

/// <summary>The field <paramref name="key"/> of whatever object <paramref name="parent"/> turns out to be. Made while resolving.</summary>
internal sealed class SyntaxChild(Definition parent, string key) : SyntaxValue(parent.Value.Position)
{
    public Definition Parent { get; } = parent;

    public string Key { get; } = key;

    public override SyntaxValue Copy() => throw new InvalidOperationException("children are made while resolving, never copied");
}

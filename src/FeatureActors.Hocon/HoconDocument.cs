using FeatureActors.Abstractions.Configuration;
using FeatureActors.Hocon.Syntax;

namespace FeatureActors.Hocon;

/// <summary>A HOCON text that was read but whose substitutions are still open, to be used as a layer. Immutable; may be used many times.</summary>
public sealed class HoconDocument
{
    private readonly SyntaxObject _root;

    internal HoconDocument(SyntaxObject root) => _root = root;

    /// <summary>A layer of values that are already resolved, such as options from the command line.</summary>
    public static HoconDocument FromObject(ConfigObject value)
    {
        ArgumentNullException.ThrowIfNull(value);
        return new HoconDocument(ToSyntax(value));
    }

    /// <summary>A copy that the resolver may mark.</summary>
    internal SyntaxObject Copy() => (SyntaxObject)_root.Copy();

    private static SyntaxObject ToSyntax(ConfigObject value)
    {
        var result = new SyntaxObject(value.Position, isImplicit: false);
        foreach (ConfigField field in value.Fields)
        {
            result.Define(field.Key, new Definition(field.KeyPosition, ToSyntax(field.Value)));
        }

        return result;
    }

    private static SyntaxValue ToSyntax(ConfigNode node) => node switch
    {
        ConfigScalar scalar => new SyntaxScalar(scalar),
        ConfigArray array => new SyntaxArray(array.Position, [.. array.Items.Select(item => Slot.Of(ToSyntax(item)))]),
        ConfigObject value => ToSyntax(value),
        _ => throw new ArgumentException($"unknown node {node.GetType().Name}", nameof(node)),
    };
}

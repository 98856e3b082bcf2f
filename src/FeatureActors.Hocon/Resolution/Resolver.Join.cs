using System.Text;
using FeatureActors.Abstractions.Configuration;
using FeatureActors.Hocon.Syntax;

namespace FeatureActors.Hocon.Resolution;

/// <summary>Concatenations: all texts, all arrays or all objects; missing optional parts count as nothing.</summary>
internal sealed partial class Resolver
{
    private static Slot PiecesOf(Definition definition, SyntaxConcatenation concatenation)
    {
        if (definition.PieceSlot is null)
        {
            var pieces = new Slot("");
            foreach (SyntaxPiece piece in concatenation.Pieces)
            {
                if (piece.Slot is { } slot)
                {
                    slot.Definitions[0].Whole = definition;
                    pieces.Definitions.Add(slot.Definitions[0]);
                }
            }

            definition.PieceSlot = pieces;
        }

        return definition.PieceSlot;
    }

    private ValueKind KindOf(Definition definition, SyntaxConcatenation concatenation)
    {
        var kinds = new HashSet<ValueKind>();
        foreach (Definition piece in PiecesOf(definition, concatenation).Definitions)
        {
            kinds.Add(KindOf(piece));
        }

        kinds.Remove(ValueKind.Undefined);
        if (kinds.Contains(ValueKind.Scalar) && kinds.Count > 1)
        {
            string other = kinds.Contains(ValueKind.Array) ? "an array" : "an object";
            ReportOnce(
                concatenation,
                concatenation.Position,
                $"a text and {other} cannot be joined",
                "put a comma or a new line between them, or the text in double quotes");
            return ValueKind.Undefined;
        }

        // An object with numeric keys beside an array counts as an array.
        return kinds.Count == 0 ? ValueKind.Undefined : kinds.Contains(ValueKind.Array) ? ValueKind.Array : kinds.First();
    }

    private ConfigNode? Join(Definition definition, SyntaxConcatenation concatenation, SlotView view)
    {
        Slot pieces = PiecesOf(definition, concatenation);
        return KindOf(definition, concatenation) switch
        {
            ValueKind.Array => JoinArrays(pieces, concatenation, view),
            ValueKind.Scalar => JoinTexts(concatenation, view),
            _ => null,
        };
    }

    private ConfigArray JoinArrays(Slot pieces, SyntaxConcatenation concatenation, SlotView view)
    {
        var items = new List<ConfigNode>();
        ConfigPosition? position = null;
        foreach (Definition piece in pieces.Definitions)
        {
            ConfigNode? node = Force(new SlotView(Single(piece), 1));
            ConfigArray? array = node as ConfigArray ?? (node is ConfigObject value ? ConfigArrays.FromNumericKeys(value) : null);
            if (array is not null)
            {
                position ??= array.Position;
                items.AddRange(array.Items);
                Spend(array.Items.Count, view);
            }
            else if (node is ConfigObject { Fields.Count: > 0 })
            {
                ReportOnce(
                    piece.Value,
                    piece.Value.Position,
                    "an array and an object cannot be joined",
                    "only an object with numeric keys counts as an array");
            }
        }

        return Sized(new ConfigArray(position ?? concatenation.Position, items), view);
    }

    private ConfigScalar JoinTexts(SyntaxConcatenation concatenation, SlotView view)
    {
        var joined = new StringBuilder();
        bool isQuoted = false;
        ConfigPosition? textPosition = null;
        foreach (SyntaxPiece piece in concatenation.Pieces)
        {
            if (piece.Slot is null)
            {
                joined.Append(piece.Space);
            }
            else if (Force(SlotView.All(piece.Slot)) is ConfigScalar scalar)
            {
                string text = scalar.Text ?? "null";
                Spend(text.Length / CharsPerValue, view);
                joined.Append(text);
                isQuoted |= scalar.IsQuoted;
                textPosition ??= piece.Slot.Definitions[0].Value is SyntaxScalar ? scalar.TextPosition : null;
            }

            textPosition ??= concatenation.Position;
        }

        Spend(1, view);
        return new ConfigScalar(concatenation.Position, joined.ToString(), isQuoted, textPosition ?? concatenation.Position);
    }

    private static Slot Single(Definition definition)
    {
        var slot = new Slot("");
        slot.Definitions.Add(definition);
        return slot;
    }
}

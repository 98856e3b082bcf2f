using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Definitions;

/// <summary>The words by which definitions name field types.</summary>
internal static class FieldTypeWords
{
    public static IReadOnlyDictionary<string, FieldType> All { get; } = new Dictionary<string, FieldType>(StringComparer.Ordinal)
    {
        ["string"] = FieldType.String,
        ["long"] = FieldType.Long,
        ["double"] = FieldType.Double,
        ["decimal"] = FieldType.Decimal,
        ["boolean"] = FieldType.Boolean,
    };

    public static IReadOnlyDictionary<string, FieldType> Keys { get; } = new Dictionary<string, FieldType>(StringComparer.Ordinal)
    {
        ["string"] = FieldType.String,
        ["long"] = FieldType.Long,
    };

    public static string Of(FieldType type) => type switch
    {
        FieldType.String => "string",
        FieldType.Long => "long",
        FieldType.Double => "double",
        FieldType.Decimal => "decimal",
        FieldType.Boolean => "boolean",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    public static bool IsNumeric(FieldType type) => type is FieldType.Long or FieldType.Double or FieldType.Decimal;
}

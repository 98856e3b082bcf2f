namespace FeatureActors.Abstractions.Rows;

/// <summary>Type of a source field, a row column or an expression. Values are persisted: append only.</summary>
public enum FieldType : byte
{
    /// <summary>UTF-8 text.</summary>
    String = 1,

    /// <summary>64-bit signed integer.</summary>
    Long = 2,

    /// <summary>IEEE 754 double; always finite in a row.</summary>
    Double = 3,

    /// <summary>128-bit .NET decimal: 28 to 29 significant digits, exact.</summary>
    Decimal = 4,

    /// <summary>True or false.</summary>
    Boolean = 5,
}

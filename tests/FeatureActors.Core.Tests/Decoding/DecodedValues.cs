using System.Text;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.Core.Tests.Decoding;

/// <summary>The cells of a decoded event as objects.</summary>
internal static class DecodedValues
{
    public static object?[] Of(DecodedEvent decoded, IReadOnlyList<DecoderField> fields)
    {
        RowView row = decoded.View(0);
        var values = new object?[fields.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = row.IsNull(i) ? null : fields[i].Type switch
            {
                FieldType.Long => row.GetInt64(i),
                FieldType.Double => row.GetDouble(i),
                FieldType.Decimal => row.GetDecimal(i),
                FieldType.Boolean => row.GetBoolean(i),
                _ => Encoding.UTF8.GetString(row.GetUtf8(i)),
            };
        }

        return values;
    }
}

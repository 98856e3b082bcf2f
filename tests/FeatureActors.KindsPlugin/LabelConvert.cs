using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.KindsPlugin;

/// <summary><c>custom:label</c>: the row's text, or with <c>as = length</c> its length; nothing for the text <c>none</c>.</summary>
public sealed class LabelConvert : IFeatureConvertType
{
    /// <inheritdoc/>
    public string Name => "label";

    /// <inheritdoc/>
    public IFeatureConvert? Bind(FeatureBinding binding)
    {
        ArgumentNullException.ThrowIfNull(binding);
        bool isLength = binding.Word("as", "text", "text", "length") == "length";
        return binding.RequiredColumn("of", FieldType.String) is { } column ? new Convert(column.Index, isLength) : null;
    }

    private sealed class Convert(int column, bool isLength) : IFeatureConvert
    {
        public FeatureTraits Traits => isLength ? FeatureTraits.Numeric : FeatureTraits.Text;

        void IFeatureConvert.Convert(in RowView row, FeatureValueWriter value)
        {
            if (row.IsNull(column) || row.GetUtf8(column).SequenceEqual("none"u8))
            {
                return;
            }

            ReadOnlySpan<byte> text = row.GetUtf8(column);
            Misdeeds.Obey(text, "convert");
            if (text.SequenceEqual("nonsense-convert"u8))
            {
                value.BeginArray();
            }
            else if (isLength)
            {
                value.Write(text.Length + 0.5);
            }
            else
            {
                value.WriteString(text);
            }
        }
    }
}

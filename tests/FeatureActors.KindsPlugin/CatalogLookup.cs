using System.Buffers;
using System.Text;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace FeatureActors.KindsPlugin;

/// <summary><c>custom:catalog</c>: a brand, which is the key's first letter behind a prefix, and a price, which is the key's length.</summary>
public sealed class CatalogLookup : ILookupType
{
    /// <inheritdoc/>
    public string Name => "catalog";

    /// <inheritdoc/>
    public ILookup? Bind(SettingsBinding settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new Table(Encoding.UTF8.GetBytes(settings.Text("prefix", "")));
    }

    private sealed class Table(byte[] prefix) : ILookup
    {
        public IReadOnlyList<FieldType> Columns { get; } = [FieldType.String, FieldType.Double];

        public bool TryFind(ReadOnlySpan<byte> key, Span<RowCell> cells, IBufferWriter<byte> bytes)
        {
            Misdeeds.Obey(key, "lookup");
            if (key.SequenceEqual("unknown"u8))
            {
                return false;
            }

            bytes.Write(prefix);
            bytes.Write(key.SequenceEqual("nonsense-lookup"u8) ? [0xFF] : key[..1]);
            cells[0] = new RowCell { IsPresent = true, Length = prefix.Length + 1 };
            cells[1] = new RowCell { IsPresent = true, Bits = BitConverter.DoubleToInt64Bits(key.Length) };
            return true;
        }
    }
}

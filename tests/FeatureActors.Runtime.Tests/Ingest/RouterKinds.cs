using System.Buffers;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Decoding;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;

namespace FeatureActors.Runtime.Tests.Ingest;

/// <summary>A format (JSON) and a lookup (a text made of the key, and its length) as plug-ins would bring them.</summary>
internal static class RouterKinds
{
    public static CustomKinds All { get; } = new(
        [new PluginEventFormat(new Lines(), "stub")], [new PluginLookupType(new TableType(), "stub")], []);

    private sealed class Lines : IEventFormat, IEventDecoderFactory
    {
        public string Name => "lines";

        public IEventDecoderFactory? Bind(SettingsBinding settings) => this;

        public IEventDecoder Create(EventDecoderOptions options) => new JsonEventDecoder(options);
    }

    private sealed class TableType : ILookupType, ILookup
    {
        public string Name => "table";

        public IReadOnlyList<FieldType> Columns { get; } = [FieldType.String, FieldType.Long];

        public ILookup? Bind(SettingsBinding settings) => this;

        public bool TryFind(ReadOnlySpan<byte> key, Span<RowCell> cells, IBufferWriter<byte> bytes)
        {
            bytes.Write("brand of "u8);
            bytes.Write(key);
            cells[0] = new RowCell { IsPresent = true, Length = 9 + key.Length };
            cells[1] = new RowCell { IsPresent = true, Bits = key.Length };
            return true;
        }
    }
}

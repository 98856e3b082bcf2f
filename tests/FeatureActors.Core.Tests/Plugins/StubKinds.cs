using System.Buffers;
using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Decoding;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Plugins;

namespace FeatureActors.Core.Tests.Plugins;

/// <summary>A format, a lookup and periods as plug-ins would bring them.</summary>
internal static class StubKinds
{
    public static CustomKinds All { get; } = new(
        [new PluginEventFormat(new Format(), "stub")],
        [new PluginLookupType(new Lookup(), "stub")],
        [new PluginSlots(new Slots(static (begin, time) => time - (((time - begin) % 86_400_000 + 86_400_000) % 86_400_000)), "stub")]);

    internal sealed class Format : IEventFormat
    {
        public string Name => "lines";

        public IEventDecoderFactory? Bind(SettingsBinding settings)
        {
            settings.Integer("width", 3, 1, 9);
            return new Factory();
        }

        private sealed class Factory : IEventDecoderFactory
        {
            public IEventDecoder Create(EventDecoderOptions options) =>
                options.Fields.Any(static f => f.Type == FieldType.Decimal) ? throw new ArgumentException("no decimals") : new JsonEventDecoder(options);
        }
    }

    internal sealed class Lookup : ILookupType
    {
        public string Name => "table";

        public ILookup? Bind(SettingsBinding settings) => settings.Text("path", "here") == "nowhere" ? throw new IOException("no such table") : new Table();

        private sealed class Table : ILookup
        {
            public IReadOnlyList<FieldType> Columns { get; } = [FieldType.String, FieldType.Long];

            public bool TryFind(ReadOnlySpan<byte> key, Span<RowCell> cells, IBufferWriter<byte> bytes) => false;
        }
    }

    /// <summary>Days that begin at the time of day <c>begin</c>, or whatever it is given.</summary>
    internal sealed class Slots(Func<long, long, long> startOf, Func<long, long>? next = null) : ISlotAssignerType
    {
        public string Name => "shift";

        public ISlotAssigner? Bind(SettingsBinding settings) => new Assigner(settings.DurationMs("begin", 0, 0, 86_000_000), startOf, next);

        private sealed class Assigner(long begin, Func<long, long, long> startOf, Func<long, long>? next) : ISlotAssigner
        {
            public long StartOf(long eventTimeMs) => startOf(begin, eventTimeMs);

            public long NextStart(long startMs) => next?.Invoke(startMs) ?? startMs + 86_400_000;
        }
    }
}

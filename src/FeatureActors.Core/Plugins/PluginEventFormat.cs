using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Definitions;

namespace FeatureActors.Core.Plugins;

/// <summary>A form of events of a plug-in as definitions see it: <c>format = "custom:&lt;name&gt;"</c>. Its decoders are supervised.</summary>
/// <param name="inner">The plug-in's form.</param>
/// <param name="plugin">Name of the plug-in.</param>
public sealed class PluginEventFormat(IEventFormat inner, string plugin)
{
    /// <summary>The word of definitions.</summary>
    public string Name { get; } = CustomKinds.Prefix + inner.Name;

    /// <summary>Reads the settings of a source; null when a mistake was reported.</summary>
    public PluginDecoderFactory? Bind(SettingsBinding settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        try
        {
            return inner.Bind(settings) is { } factory
                ? new PluginDecoderFactory(factory, new PluginPart(plugin, "format", $"sources.{settings.Name}.format"))
                : null;
        }
#pragma warning disable CA1031 // A plug-in may throw anything; it is a mistake at this place of the definitions.
        catch (Exception error)
#pragma warning restore CA1031
        {
            settings.Error("format", $"format {Name} of plug-in {plugin} failed while it was bound: {error.Message}");
            return null;
        }
    }
}

/// <summary>
/// Makes the decoders of one source by a plug-in; lets what makes them be exchanged: every decoder then begins anew with its next event.
/// Safe for concurrent use.
/// </summary>
public sealed class PluginDecoderFactory
{
    private readonly Lock _lock = new();
    private readonly List<WeakReference<Decoder>> _decoders = [];
    private IEventDecoderFactory _inner;

    /// <summary>Supervises the decoders of <paramref name="inner"/>.</summary>
    public PluginDecoderFactory(IEventDecoderFactory inner, PluginPart part)
    {
        _inner = inner;
        Part = part;
    }

    /// <summary>The use of the plug-in by one source.</summary>
    public PluginPart Part { get; }

    /// <summary>A supervised decoder. Whatever the plug-in throws is a <see cref="PluginFaultException"/> of its <c>Decode</c>.</summary>
    public IEventDecoder Create(EventDecoderOptions options)
    {
        var decoder = new Decoder(this, options);
        lock (_lock)
        {
            _decoders.RemoveAll(static d => !d.TryGetTarget(out _));
            _decoders.Add(new WeakReference<Decoder>(decoder));
        }

        return decoder;
    }

    /// <summary>Creates a decoder once and forgets it.</summary>
    /// <returns>Why it cannot be created, or null.</returns>
    public string? Try(EventDecoderOptions options)
    {
        try
        {
            _ = _inner.Create(options);
            return null;
        }
#pragma warning disable CA1031 // A plug-in may throw anything; it is a mistake of the definitions.
        catch (Exception error)
#pragma warning restore CA1031
        {
            return error.Message;
        }
    }

    /// <summary>Exchanges what makes the decoders for that of <paramref name="next"/>.</summary>
    public void Become(PluginDecoderFactory next)
    {
        ArgumentNullException.ThrowIfNull(next);
        lock (_lock)
        {
            _inner = next._inner;
            foreach (WeakReference<Decoder> reference in _decoders)
            {
                if (reference.TryGetTarget(out Decoder? decoder))
                {
                    decoder.Forget();
                }
            }
        }
    }

    private IEventDecoder Make(Decoder decoder, EventDecoderOptions options)
    {
        lock (_lock)
        {
            return decoder.Keep(_inner.Create(options));
        }
    }

    private sealed class Decoder(PluginDecoderFactory factory, EventDecoderOptions options) : IEventDecoder
    {
        // Years 0001 to 9999, as built-in decoders hold it.
        private const long TimeMsMin = -62_135_596_800_000;
        private const long TimeMsMax = 253_402_300_799_999;

        private volatile IEventDecoder? _inner;
        private FaultRate _rate;

        public void Forget() => _inner = null;

        public IEventDecoder Keep(IEventDecoder inner) => _inner = inner;

        public DecodeResult Decode(ReadOnlySpan<byte> message, DecodedEvent target)
        {
            PluginPart part = factory.Part;
            if (part.IsOff)
            {
                _rate = default;
                throw new PluginFaultException($"the format of plug-in {part.Plugin} is switched off");
            }

            if (message.Length > options.MaxEventBytes)
            {
                return new DecodeResult(DecodeStatus.TooLarge);
            }

            target.Clear();
            _rate.Call();
            PluginCallWatch? watch = PluginCallWatch.Current;
            watch?.Enter(part);
            try
            {
                DecodeResult result = (_inner ?? factory.Make(this, options)).Decode(message, target);
                if (result.IsOk && FlawOf(target) is { } flaw)
                {
                    throw new PluginFaultException(flaw);
                }

                // Behind the declared fields stands what the engine fills.
                target.Cells[options.Fields.Count..].Clear();
                return result;
            }
#pragma warning disable CA1031 // A plug-in may throw anything; it costs this event.
            catch (Exception error)
#pragma warning restore CA1031
            {
                part.CountFault(error.ToString());
                if (_rate.Fail())
                {
                    part.TrySwitchOff(error.Message);

                    // Nobody calls it while it is off: it is judged anew when it is on again.
                    _rate = default;
                }

                throw new PluginFaultException($"the format of plug-in {part.Plugin} failed: {error.Message}", error);
            }
            finally
            {
                watch?.Leave();
            }
        }

        private string? FlawOf(DecodedEvent target)
        {
            if (target.EventTimeMs is < TimeMsMin or > TimeMsMax)
            {
                return $"event time {target.EventTimeMs} lies beyond the years 0001 to 9999";
            }

            for (int i = 0; i < options.Fields.Count; i++)
            {
                if (PluginCells.FlawOf(target.Cells[i], options.Fields[i].Type, target.Bytes.Written) is { } flaw)
                {
                    return $"field '{options.Fields[i].Name}' is {flaw}";
                }
            }

            return null;
        }
    }
}

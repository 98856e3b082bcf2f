using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Plugins;

/// <summary>
/// A <see cref="PluginTrigger"/> that looks at values. While it fails or is switched off it fires always: a value is rather written
/// than kept back. What a failing call did to its state is undone.
/// </summary>
/// <param name="inner">The plug-in's trigger.</param>
/// <param name="part">The use of the plug-in.</param>
public sealed class PluginValueTrigger(IValueTrigger inner, PluginPart part) : PluginTrigger(inner, part), IValueTrigger
{
    /// <inheritdoc/>
    public int StateBytes { get; } = inner.StateBytes;

    /// <inheritdoc/>
    public override string? RefusalOf(PluginTrigger next) =>
        base.RefusalOf(next) ?? (((PluginValueTrigger)next).StateBytes == StateBytes
            ? null
            : $"trigger {Part.Name} has {((PluginValueTrigger)next).StateBytes} bytes of state now instead of {StateBytes}: restart the node to load it");

    /// <inheritdoc/>
    public bool Fires(in TriggerValues values, Span<byte> state)
    {
        if (!Begin(out PluginCallWatch? watch))
        {
            return true;
        }

        Span<byte> copy = stackalloc byte[IValueTrigger.StateBytesMax];
        state.CopyTo(copy);
        try
        {
            return ((IValueTrigger)Inner).Fires(values, state);
        }
#pragma warning disable CA1031 // A plug-in may throw anything; the value is then written.
        catch (Exception error)
#pragma warning restore CA1031
        {
            copy[..state.Length].CopyTo(state);
            Fail(error);
            return true;
        }
        finally
        {
            watch?.Leave();
        }
    }

    /// <inheritdoc/>
    public void Written(in TriggerValues values, Span<byte> state)
    {
        if (!Begin(out PluginCallWatch? watch))
        {
            return;
        }

        Span<byte> copy = stackalloc byte[IValueTrigger.StateBytesMax];
        state.CopyTo(copy);
        try
        {
            ((IValueTrigger)Inner).Written(values, state);
        }
#pragma warning disable CA1031 // A plug-in may throw anything; its state stays as it was.
        catch (Exception error)
#pragma warning restore CA1031
        {
            copy[..state.Length].CopyTo(state);
            Fail(error);
        }
        finally
        {
            watch?.Leave();
        }
    }
}

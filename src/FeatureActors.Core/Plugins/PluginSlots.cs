using System.Runtime.ExceptionServices;
using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Definitions;
using FeatureActors.Core.Windows;

namespace FeatureActors.Core.Plugins;

/// <summary>
/// Periods of a plug-in as definitions see them: <c>{ tumbling = "custom:&lt;name&gt;" }</c>. All of them are asked for at once, on a
/// thread that can be given up; rows are assigned by the table, so the plug-in cannot cost any of them.
/// </summary>
/// <param name="inner">The plug-in's periods.</param>
/// <param name="plugin">Name of the plug-in.</param>
/// <param name="budget">Longest time that all answers may take; 10 s unless stated, a hundred times what a million periods take.</param>
public sealed class PluginSlots(ISlotAssignerType inner, string plugin, TimeSpan? budget = null)
{
    private static readonly TimeSpan DefaultBudget = TimeSpan.FromSeconds(10);

    /// <summary>The word of definitions.</summary>
    public string Name { get; } = CustomKinds.Prefix + inner.Name;

    /// <summary>Reads the settings of a window; null when a mistake was reported.</summary>
    public TablePeriods? Bind(ConfigSettingsBinding settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        try
        {
            if (inner.Bind(settings) is not { } assigner)
            {
                return null;
            }

            string text = string.Concat(settings.Settings.Where(static s => s.IsStated).Select(static s => $", {HoconText.Quote(s.Key)} = {s.Text}"));
            (TablePeriods? periods, string? flaw) = Within(budget ?? DefaultBudget, () => (TablePeriods.Of(Name, text, assigner, out string? found), found));
            if (flaw is not null)
            {
                settings.Error("tumbling", $"{Name} of plug-in {plugin} cuts no periods: {flaw}");
            }

            return periods;
        }
#pragma warning disable CA1031 // A plug-in may throw anything; it is a mistake at this place of the definitions.
        catch (Exception error)
#pragma warning restore CA1031
        {
            settings.Error("tumbling", $"{Name} of plug-in {plugin} failed while it was bound: {error.Message}");
            return null;
        }
    }

    // A call that does not return cannot be stopped; its thread ends with the process.
    private static (TablePeriods? Periods, string? Flaw) Within(TimeSpan limit, Func<(TablePeriods? Periods, string? Flaw)> work)
    {
        (TablePeriods? Periods, string? Flaw) result = default;
        Exception? thrown = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = work();
            }
#pragma warning disable CA1031 // Handed to the caller.
            catch (Exception error)
#pragma warning restore CA1031
            {
                thrown = error;
            }
        })
        { IsBackground = true, Name = "fa-slots" };
        thread.Start();
        if (!thread.Join(limit))
        {
            return (null, $"no answer within {limit.TotalSeconds:F0} s");
        }

        if (thrown is not null)
        {
            ExceptionDispatchInfo.Throw(thrown);
        }

        return result;
    }
}

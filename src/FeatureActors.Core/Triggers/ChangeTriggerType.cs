using System.Globalization;
using FeatureActors.Abstractions.Features;

namespace FeatureActors.Core.Triggers;

/// <summary><c>{ on = change, of = "buys:1h", by = 5% }</c>; without <c>by</c> any other value counts.</summary>
internal sealed class ChangeTriggerType : ITriggerType
{
    private const string By = "by";

    /// <inheritdoc/>
    public string Name => "change";

    /// <inheritdoc/>
    public ITrigger? Bind(TriggerBinding binding)
    {
        bool hasBy = binding.Has(By);
        TriggerField? of = binding.RequiredField("of", mustBeNumber: hasBy);
        long coalesce = UpdateTriggerType.ReadCoalesce(binding);
        if (!hasBy)
        {
            return of is null ? null : new ChangeTrigger(of.Value.Index, coalesce);
        }

        string text = binding.Text(By, null);
        bool isShare = text.EndsWith('%');
        if (!double.TryParse(isShare ? text[..^1] : text, NumberStyles.Float, CultureInfo.InvariantCulture, out double by)
            || !double.IsFinite(by) || by <= 0)
        {
            binding.Error(By, $"'{text}' is no change", "write a positive share such as by = 5%, or a positive amount such as by = 3");
            return null;
        }

        return of is null ? null : new ChangeTrigger(of.Value.Index, coalesce, isShare ? by / 100 : by, isShare);
    }
}

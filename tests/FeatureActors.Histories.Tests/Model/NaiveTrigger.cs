using FeatureActors.Histories.Tests.Exact;

namespace FeatureActors.Histories.Tests.Model;

/// <summary>A trigger on values, by the text of docs/definitions.md alone.</summary>
internal sealed class NaiveTrigger(TriggerSpec trigger, List<FieldSpec> fields)
{
    private static readonly Rational Doubt = new(1, 1_000_000_000_000_000);

    private IReadOnlyList<Want>? _written;
    private bool _hasWritten;
    private bool? _wasTrue = false;

    /// <summary>The group was written with these values; null when it was deleted, or nothing is there to write.</summary>
    public void SeeWrite(IReadOnlyList<Want>? wants)
    {
        _written = wants;
        _hasWritten |= wants is not null;
    }

    /// <summary>The group was evaluated with these values.</summary>
    public void SeeEvaluation(IReadOnlyList<Want> wants) => _wasTrue = IsTrue(wants);

    /// <summary>It may have been evaluated with other values in between.</summary>
    public void ForgetTruth() => _wasTrue = null;

    /// <summary>True when the trigger must write, false when it must not, null when the model does not know.</summary>
    public bool? Fires(IReadOnlyList<Want> wants)
    {
        if (trigger.Kind == "when")
        {
            bool? isTrue = IsTrue(wants);
            return isTrue == false ? false : _wasTrue is null || isTrue is null ? null : !_wasTrue.Value;
        }

        if (_written is null)
        {
            // After a deletion the entity, and what was written, may be forgotten or not.
            return _hasWritten ? null : true;
        }

        (bool isKnown, Rational? value) = Number(wants[Place]);
        (bool wasKnown, Rational? old) = Number(_written[Place]);
        if (!isKnown || !wasKnown)
        {
            return null;
        }

        if (value is null || old is null)
        {
            return value is null != old is null;
        }

        Rational change = (value.Value - old.Value).Abs();
        Rational least = trigger.IsRelative ? Rational.Of((decimal)trigger.By) * old.Value.Abs() : Rational.Of((decimal)trigger.By);
        if (wants[Place] is WantNumber { Form: not NumberForm.Exact } && (change - least).Abs() <= Doubt * (value.Value.Abs() + old.Value.Abs()))
        {
            // Rounded values decide, and they may lie on either side of the bound.
            return null;
        }

        return least.Sign == 0 ? change.Sign != 0 : change >= least;
    }

    private int Place => fields.FindIndex(f => f.Name == trigger.Field);

    private bool? IsTrue(IReadOnlyList<Want> wants)
    {
        if (trigger.Kind != "when")
        {
            return null;
        }

        (bool isKnown, Rational? value) = Number(wants[Place]);
        return isKnown ? value is not null && value.Value > Rational.Of(trigger.By) : null;
    }

    private static (bool IsKnown, Rational? Value) Number(Want want) => want switch
    {
        WantNumber number => (true, number.Value),
        WantNothing => (true, null),
        _ => (false, null),
    };
}

using System.Globalization;
using System.Text;
using FeatureActors.Histories.Tests.Model;

namespace FeatureActors.Histories.Tests.Driving;

/// <summary>A group, the events of one key in order of arrival, and how the clock goes.</summary>
/// <param name="Seed">Where it comes from.</param>
/// <param name="Group">The definitions.</param>
/// <param name="Rows">Rows by arrival.</param>
/// <param name="Leaps">True when T leaps from event to event instead of stopping at every boundary.</param>
internal sealed record History(long Seed, GroupSpec Group, IReadOnlyList<HistoryRow> Rows, bool Leaps)
{
    /// <summary>True to run through a whole shard to the sink, false for the entity alone.</summary>
    public bool IsOfShard { get; init; }

    public string Show()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"seed {Seed}, {(IsOfShard ? "whole shard" : Leaps ? "T leaps" : "T stops at every boundary")}");
        text.Append(Group.Hocon());
        foreach (HistoryRow row in Rows)
        {
            text.AppendLine(row.ToString());
        }

        return text.ToString();
    }
}

/// <summary>Faults planted into the path between engine and comparison.</summary>
internal enum PlantedFault
{
    None,

    /// <summary>The windows of the engine are one slot, period, gap or row too long.</summary>
    WrongBound,

    /// <summary>What leaves is not evaluated when it is due.</summary>
    MissedExit,

    /// <summary>When two slots become one, one of them is added twice.</summary>
    DoubleMerge,

    /// <summary>When two slots become one, one of them is lost.</summary>
    LostMerge,

    /// <summary>A row is counted twice.</summary>
    RowTwice,

    /// <summary>A row is lost.</summary>
    RowLost,

    /// <summary>The trigger of the engine waits longer, or asks for more.</summary>
    WrongTrigger,
}

using FeatureActors.Abstractions.Features;
using FeatureActors.Core.Definitions;

namespace FeatureActors.Core.Slots;

/// <content>The newest rows of a feature: one entry each, ordered by event time, then by the hash in the hidden bytes.</content>
public sealed partial class EntityBlock
{
    /// <summary>
    /// Opens an entry for a row. When the feature already keeps as many rows as its window holds, the oldest is released first.
    /// </summary>
    /// <param name="feature">Index of the feature.</param>
    /// <param name="timeMs">Event time of the row.</param>
    /// <param name="hash">Decides between rows of one time.</param>
    /// <returns>False when the row is not among the newest: nothing was opened.</returns>
    public bool TryOpenRow(int feature, long timeMs, ulong hash)
    {
        _payloadBytesMax = _sharedBytesMax = long.MaxValue;
        FeaturePlan plan = _layout.Features[feature];
        int section = SectionOf(feature);
        if (section != 0 && SlotCount(section) >= plan.Timeline.RowsMax)
        {
            var oldest = new EntryCursor(this, section, 1);
            oldest.MoveNext();
            if (!IsBehind(timeMs, hash, oldest))
            {
                return false;
            }

            OpenEntry(feature, section, oldest);
            var leaving = new FeatureSlot(this);
            plan.Aggregate.Release(ref leaving);
            RemoveOpenSlot(feature);
            section = SectionOf(feature);
        }

        if (section == 0)
        {
            section = CreateSection(feature);
        }

        _section = section;
        _slotStart = timeMs;
        _hidden = HiddenBytes;
        InsertRow(feature, section, timeMs, hash);
        WriteLong(_payload - HiddenBytes, (long)hash);
        return true;
    }

    private void InsertRow(int feature, int section, long timeMs, ulong hash)
    {
        int count = SlotCount(section);
        long newest = ReadLong(section + NewestStart);
        if (count == 0 || timeMs > newest)
        {
            AppendEntry(feature, section, timeMs, count, newest);
            return;
        }

        var cursor = new EntryCursor(this, section, 1);
        long before = timeMs;
        for (int i = 0; i < count; i++)
        {
            cursor.MoveNext();
            if (!IsBehind(timeMs, hash, cursor))
            {
                // The entry behind counts its start from the new one from now on.
                int at = cursor.Entry - section;
                SetDelta(section, at, (ulong)(cursor.Start - timeMs));
                InsertEntry(section, at, i == 0 ? 0 : (ulong)(timeMs - before));
                if (i == 0)
                {
                    WriteLong(section + FirstStart, timeMs);
                }

                return;
            }

            before = cursor.Start;
        }

        AppendEntry(feature, section, timeMs, count, newest);
    }

    private bool IsBehind(long timeMs, ulong hash, in EntryCursor entry) =>
        timeMs != entry.Start ? timeMs > entry.Start : hash > (ulong)ReadLong(entry.Payload);
}

namespace FeatureActors.TestKit.Simulation;

/// <summary>What must stand in the log of a shard.</summary>
internal sealed class LogLaw(SimulatedWorld world, SimulatedShard shard)
{
    /// <summary>
    /// Everything produced for the keys of the shard stands in its log so that it counts, once, and nothing of other keys does. Only what an
    /// attempt refused, because it lay too far ahead of that node's clock, may be missing.
    /// </summary>
    public void Audit(string when)
    {
        HashSet<(int, long)> counted = [];
        long[] covered = new long[world.Source.Partitions];
        Array.Fill(covered, -1);
        foreach (NaiveEntry entry in shard.Naive.Log)
        {
            foreach ((SimulatedEvent e, _, _) in entry.Rows)
            {
                if (!shard.HasKey(e.Key))
                {
                    SimulatedCourse.Violate(SimulatedLaw.Log, $"{when}: the log of {shard} has {e}, which is not of its keys");
                }

                if (e.Offset > covered[e.Partition] && !counted.Add((e.Partition, e.Offset)))
                {
                    SimulatedCourse.Violate(SimulatedLaw.Log, $"{when}: the log of {shard} has {e} twice in a batch");
                }
            }

            covered[entry.Partition] = Math.Max(covered[entry.Partition], entry.LastOffset);
        }

        for (int p = 0; p < world.Source.Partitions; p++)
        {
            foreach ((SimulatedEvent e, _) in world.Source.Of(p))
            {
                bool isMissing = !counted.Contains((p, e.Offset)) && !world.Source.Refused.Contains((p, e.Offset))
                    && shard.HasKey(e.Key) && shard.Naive.Groups.Any(g => g.Where(e));
                if (isMissing)
                {
                    SimulatedCourse.Violate(SimulatedLaw.Log, $"{when}: {e} counts nowhere in the log of {shard}");
                }
            }
        }

        world.Course.Comparisons++;
    }
}

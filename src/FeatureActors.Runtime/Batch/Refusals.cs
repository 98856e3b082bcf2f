namespace FeatureActors.Runtime.Batch;

/// <summary>Counts what could not be used by reason and keeps the first of each.</summary>
internal sealed class Refusals
{
    private readonly List<Reason> _reasons = [];

    public void Add(string reason, long line, string error)
    {
        Reason? known = _reasons.Find(r => r.Name == reason);
        if (known is null)
        {
            known = new Reason(reason);
            _reasons.Add(known);
        }

        known.Count++;
        if (known.First.Count < RefusedEvents.KeptMax)
        {
            known.First.Add(new RefusedEvent(line, error));
        }
    }

    public IReadOnlyList<RefusedEvents> ToList() => [.. _reasons.Select(static r => new RefusedEvents(r.Name, r.Count, r.First))];

    private sealed class Reason(string name)
    {
        public string Name { get; } = name;

        public long Count { get; set; }

        public List<RefusedEvent> First { get; } = [];
    }
}

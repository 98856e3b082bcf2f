using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Runtime.Hosting;

namespace FeatureActors.Runtime.Ingest;

/// <summary>
/// The versions of the definitions that route the events of one source partition, each up to the offset at which the next takes effect.
/// What an event becomes is so the same whenever and by whomever it is read. Used by one reader only.
/// </summary>
internal sealed class SourceCourse
{
    private readonly IReadOnlyList<DefinitionsStart> _starts;
    private readonly Queue<(long Until, IngestPlan Plan)> _next = new();
    private long _clamped;

    private SourceCourse(IReadOnlyList<DefinitionsStart> starts, IReadOnlyList<(long Until, IngestPlan Plan)> plans)
    {
        _starts = starts;
        (Until, Plan) = plans[0];
        Router = new EventRouter(Plan);
        foreach ((long, IngestPlan) next in plans.Skip(1))
        {
            _next.Enqueue(next);
        }
    }

    /// <summary>What the version makes of events that is in force where reading is.</summary>
    public IngestPlan Plan { get; private set; }

    /// <summary>Routes by <see cref="Plan"/>.</summary>
    public EventRouter Router { get; private set; }

    /// <summary>The offset at which the next version takes effect; <see cref="long.MaxValue"/> for none.</summary>
    public long Until { get; private set; }

    /// <summary>Events whose time was moved back to <c>max-future</c>.</summary>
    public long Clamped => _clamped + Router.Clamped;

    /// <summary>Compiles the versions that route events from an offset on.</summary>
    /// <param name="starts">Where versions take effect, oldest first; the last is that of <paramref name="newest"/>.</param>
    /// <param name="nextOffset">Where reading begins.</param>
    /// <param name="newest">What the node's own definitions make of the source.</param>
    /// <param name="ports">Has the older ones.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="OlderDefinitionsException">An older version cannot be compiled.</exception>
    public static async ValueTask<SourceCourse> OpenAsync(
        IReadOnlyList<DefinitionsStart> starts, long nextOffset, IngestPlan newest, NodePorts ports, CancellationToken cancellationToken)
    {
        // What was announced and never begun, for a newer version came, is in force nowhere.
        starts = [.. starts.Where(static s => !s.IsAnnounced)];
        var plans = new List<(long, IngestPlan)>();
        for (int i = 0; i < starts.Count; i++)
        {
            long until = i + 1 < starts.Count ? starts[i + 1].From : long.MaxValue;
            if (until > nextOffset && (plans.Count == 0 || until > starts[i].From))
            {
                plans.Add((until, starts[i].Version == newest.DefinitionsVersion
                    ? newest
                    : await OlderAsync(starts[i].Version, newest, ports, cancellationToken).ConfigureAwait(false)));
            }
        }

        return new SourceCourse(starts, plans);
    }

    /// <summary>The version in force at an offset.</summary>
    public DefinitionsStart At(long offset)
    {
        DefinitionsStart at = _starts[0];
        foreach (DefinitionsStart start in _starts)
        {
            at = start.From <= offset ? start : at;
        }

        return at;
    }

    /// <summary>Goes on with the next version.</summary>
    public void Advance()
    {
        _clamped = Clamped;
        (Until, Plan) = _next.Dequeue();
        Router = new EventRouter(Plan);
    }

    private static async ValueTask<IngestPlan> OlderAsync(long version, IngestPlan newest, NodePorts ports, CancellationToken cancellationToken)
    {
        IngestPlan older = ports.OlderPlans is { } compile
            ? await compile(newest.Source, version, cancellationToken).ConfigureAwait(false)
            : throw new OlderDefinitionsException(newest.Source, version, "this node keeps no older definitions");

        // Rows of an entity that is no more are of no use to anybody and have no log. Ordinals stay what they were.
        HashSet<string> entities = [.. newest.Routes.Select(static r => r.Entity)];
        return older with { Routes = [.. older.Routes.Select(r => entities.Contains(r.Entity) ? r : r with { Groups = [] })] };
    }
}

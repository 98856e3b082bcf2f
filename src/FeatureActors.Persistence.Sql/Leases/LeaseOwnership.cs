using System.Globalization;
using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Persistence.Sql.Postgres;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Persistence.Sql.Leases;

/// <summary>
/// Ownership of shards by leases in the database. A planned move is two steps: the holder lets go of the shard, and only then another
/// takes it, so the shard's last checkpoint is not in vain; whoever joins waits for that, not for an expiry.
/// </summary>
internal sealed class LeaseOwnership(PostgresDatabase database, LeaseOptions options, TimeProvider time, ILogger logger) : IShardOwnership
{
    private readonly CancellationTokenSource _disposing = new();
    private long _generation;

    /// <inheritdoc/>
    public async IAsyncEnumerable<OwnershipChange> WatchAsync(
        IReadOnlyDictionary<string, int> entities, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposing.Token);

        // A process that is started again under its old name must not be taken for the one before, whose leases are not its own.
        string name = string.Create(CultureInfo.InvariantCulture, $"{options.Owner}/{Guid.NewGuid():N}");
        var member = new LeaseMember(new LeaseTable(database, options, name, entities), options, time, logger);
        await using var leaving = member.ConfigureAwait(false);
        while (true)
        {
            LeaseChange change = await member.ReadAsync(linked.Token).ConfigureAwait(false);
            yield return new OwnershipChange(change.Lease.Shard, change.IsAssigned, Interlocked.Increment(ref _generation));

            // Who asks for the next change is done with this one.
            if (!change.IsAssigned)
            {
                await member.ReleaseAsync(change.Lease, linked.Token).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Ends all watches.</summary>
    public async ValueTask DisposeAsync()
    {
        await _disposing.CancelAsync().ConfigureAwait(false);
        _disposing.Dispose();
    }
}

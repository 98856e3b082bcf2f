using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using FeatureActors.Abstractions.Identity;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Persistence.Sql.Postgres;
using Microsoft.Extensions.Logging;

namespace FeatureActors.Persistence.Sql.Leases;

/// <summary>
/// Ownership of shards by leases in the database. A planned move is announced first; then the holder lets go of the shard, behind its last
/// checkpoint, and with that it is the other's, who is told at once. Whoever joins waits for that, not for an expiry.
/// </summary>
internal sealed class LeaseOwnership(PostgresDatabase database, LeaseOptions options, LeaseNames names, TimeProvider time, ILogger logger) : IShardOwnership
{
    private readonly CancellationTokenSource _disposing = new();
    private readonly ConcurrentDictionary<LeaseMember, bool> _members = new();
    private long _generation;

    /// <inheritdoc/>
    public async IAsyncEnumerable<OwnershipChange> WatchAsync(
        IReadOnlyDictionary<string, int> entities, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposing.Token);

        // A process that is started again under its old name must not be taken for the one before, whose leases are not its own.
        string name = string.Create(CultureInfo.InvariantCulture, $"{options.Owner}/{Guid.NewGuid():N}");
        var member = new LeaseMember(new LeaseTable(database, options, name, names, entities), options, time, logger);
        await using var leaving = member.ConfigureAwait(false);
        _members[member] = true;
        try
        {
            while (await member.ReadAsync(linked.Token).ConfigureAwait(false) is { } change)
            {
                yield return new OwnershipChange(change.Lease.Shard, change.IsAssigned, Interlocked.Increment(ref _generation));

                // Who asks for the next change is done with this one.
                if (!change.IsAssigned)
                {
                    await member.ReleaseAsync(change.Lease, linked.Token).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            _members.TryRemove(member, out _);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<bool> RetireAsync(CancellationToken cancellationToken)
    {
        bool isGiving = true;
        foreach (LeaseMember member in _members.Keys)
        {
            isGiving &= await member.RetireAsync(cancellationToken).ConfigureAwait(false);
        }

        return isGiving;
    }

    /// <inheritdoc/>
    public async ValueTask ArrivedAsync(ShardId shard)
    {
        foreach (LeaseMember member in _members.Keys)
        {
            await member.ArrivedAsync(shard).ConfigureAwait(false);
        }
    }

    /// <summary>Ends all watches.</summary>
    public async ValueTask DisposeAsync()
    {
        await _disposing.CancelAsync().ConfigureAwait(false);
        _disposing.Dispose();
    }
}

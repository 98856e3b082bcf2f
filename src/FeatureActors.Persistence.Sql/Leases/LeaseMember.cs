using System.Threading.Channels;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FeatureActors.Persistence.Sql.Leases;

/// <summary>
/// One member: says that it is alive, takes its share, gives up what is above it. A round every renewal interval, and whenever another
/// member tells of a change. While the database is away nothing is given up: nobody else can take anything either, and the epoch decides
/// who may write.
/// </summary>
internal sealed class LeaseMember : IAsyncDisposable
{
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(5);

    private readonly LeaseTable _table;
    private readonly LeaseOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    // At most a gain and a loss per shard: who reads slowly holds up only himself.
    private readonly Channel<LeaseChange> _changes = Channel.CreateUnbounded<LeaseChange>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<ShardId, Lease> _leases = [];
    private readonly Task _rounds;
    private readonly Task _listening;
    private bool _hasJoined;
    private bool _isAway;
    private long? _backSince;

    public LeaseMember(LeaseTable table, LeaseOptions options, TimeProvider time, ILogger logger)
    {
        _table = table;
        _options = options;
        _time = time;
        _logger = logger;
        _rounds = Task.Run(RunAsync, CancellationToken.None);
        _listening = Task.Run(ListenAsync, CancellationToken.None);
    }

    /// <summary>The next change.</summary>
    public ValueTask<LeaseChange> ReadAsync(CancellationToken cancellationToken) => _changes.Reader.ReadAsync(cancellationToken);

    /// <summary>The node has let go of a lease it gave up: others may have it. A lost one needs nothing.</summary>
    public async Task ReleaseAsync(Lease lease, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (lease.State != LeaseState.GivenUp)
            {
                return;
            }
        }

        try
        {
            await _table.ReleaseAsync(lease.Shard, cancellationToken).ConfigureAwait(false);
        }
        catch (DependencyUnavailableException error)
        {
            // A round finds the row still this member's and takes the shard again, or finds it released.
            Log.RoundFailed(_logger, _table.Member, error.Message);
        }

        lock (_lock)
        {
            lease.State = LeaseState.Lost;
            if (_leases.GetValueOrDefault(lease.Shard) == lease)
            {
                _leases.Remove(lease.Shard);
            }
        }
    }

    /// <summary>Hands everything back, so that others take over at once; gives up after 5 s, then the leases expire.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _rounds.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _listening.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        using var timeout = new CancellationTokenSource(LeaveTimeout, _time);
        try
        {
            await _table.LeaveAsync(timeout.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is DependencyUnavailableException or OperationCanceledException)
        {
            Log.RoundFailed(_logger, _table.Member, error.Message);
        }

        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        Task<bool>? woken = null;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await RoundAsync(_stop.Token).ConfigureAwait(false);
                ComeBack();
            }
            catch (DependencyUnavailableException error)
            {
                if (!_isAway)
                {
                    Log.RoundFailed(_logger, _table.Member, error.Message);
                }

                _isAway = true;
            }

            woken ??= _wake.Reader.WaitToReadAsync(_stop.Token).AsTask();
            if (await Task.WhenAny(woken, Task.Delay(_options.Renew, _time, _stop.Token)).ConfigureAwait(false) == woken)
            {
                _ = _wake.Reader.TryRead(out _);
                woken = null;
            }
        }
    }

    private void ComeBack()
    {
        if (_isAway)
        {
            _isAway = false;
            _backSince = _time.GetTimestamp();
        }
    }

    // After the database was away everybody looks dead by its clock: each gets the time of a lease to show that he is not.
    private bool MayEndOthers => !_isAway && (_backSince is not { } since || _time.GetElapsedTime(since) > _options.Duration);

    private async Task RoundAsync(CancellationToken cancellationToken)
    {
        if (!await _table.RenewAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_hasJoined)
            {
                Log.Ended(_logger, _table.Member);
                Settle([]);
            }

            await _table.JoinAsync(cancellationToken).ConfigureAwait(false);
            _hasJoined = true;
        }

        (HashSet<string> members, bool isSomebodyExpired, List<LeaseRow> rows) = await _table.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (!members.Contains(_table.Member))
        {
            // Ended since the sign of life: the next round joins again.
            _ = _wake.Writer.TryWrite(true);
            return;
        }

        Settle([.. rows.Where(r => r.Member == _table.Member).Select(static r => r.Shard)]);
        (IReadOnlyList<ShardId> take, IReadOnlyList<ShardId> giveUp) = LeaseShares.Decide(_table.Member, members, rows);
        if (giveUp.Count > 0 && !rows.Exists(static r => r.Member is null))
        {
            GiveUpOne();
        }

        bool isSomebodyGone = rows.Exists(r => r.Member is { } holder && !members.Contains(holder));
        if (take.Count > 0 || isSomebodyGone || (isSomebodyExpired && MayEndOthers))
        {
            foreach (ShardId shard in await _table.TakeAsync(MayEndOthers, cancellationToken).ConfigureAwait(false))
            {
                Gain(shard);
            }
        }
    }

    /// <summary>Brings what this member believes to hold in line with the table.</summary>
    private void Settle(HashSet<ShardId> mine)
    {
        lock (_lock)
        {
            foreach (Lease lease in _leases.Values.Where(l => !mine.Contains(l.Shard)).ToList())
            {
                _leases.Remove(lease.Shard);
                bool wasHeld = lease.State == LeaseState.Held;
                lease.State = LeaseState.Lost;
                if (wasHeld)
                {
                    _changes.Writer.TryWrite(new LeaseChange(lease, IsAssigned: false));
                }
            }
        }

        // Taken by a transaction of unknown outcome.
        foreach (ShardId shard in mine)
        {
            Gain(shard);
        }
    }

    private void Gain(ShardId shard)
    {
        lock (_lock)
        {
            if (!_leases.ContainsKey(shard))
            {
                var lease = new Lease(shard);
                _leases.Add(shard, lease);
                _changes.Writer.TryWrite(new LeaseChange(lease, IsAssigned: true));
            }
        }
    }

    /// <summary>
    /// Gives up one shard of the entity it has most of, unless one is on its way: the next follows when that one was taken. So a member
    /// that is still cold holds up one shard, not all of its share.
    /// </summary>
    private void GiveUpOne()
    {
        lock (_lock)
        {
            Lease[] held = [.. _leases.Values.Where(static l => l.State == LeaseState.Held)];
            if (held.Length == 0 || held.Length < _leases.Count)
            {
                return;
            }

            Dictionary<string, int> ofEntity = held.CountBy(static l => l.Shard.Entity).ToDictionary(StringComparer.Ordinal);
            Lease lease = held.MaxBy(l => (ofEntity[l.Shard.Entity], l.Shard.Entity, l.Shard.Partition))!;
            lease.State = LeaseState.GivenUp;
            _changes.Writer.TryWrite(new LeaseChange(lease, IsAssigned: false));
        }
    }

    private async Task ListenAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _table.ListenAsync(() => _wake.Writer.TryWrite(true), _stop.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
            {
                // The rounds go on at their interval meanwhile, and say that the database is away.
                await Task.Delay(_options.Renew, _time, _stop.Token).ConfigureAwait(false);
            }
        }
    }
}

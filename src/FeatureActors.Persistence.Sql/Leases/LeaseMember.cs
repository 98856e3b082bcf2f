using System.Threading.Channels;
using FeatureActors.Abstractions.Errors;
using FeatureActors.Abstractions.Identity;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FeatureActors.Persistence.Sql.Leases;

/// <summary>
/// One member: says that it is alive, takes its share, gives what is above it to those who lack it. A round every renewal interval, and
/// whenever another member tells of a change; a shard handed to this member is its own without one. While the database is away nothing is given up: nobody else can take anything either, and the epoch decides
/// who may write.
/// </summary>
internal sealed class LeaseMember : IAsyncDisposable
{
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(5);

    // A shard that does not come to run, because Redis is away or it has much to replay, holds up the next one for no longer.
    private static readonly TimeSpan ArrivalMax = TimeSpan.FromSeconds(2);

    private readonly LeaseTable _table;
    private readonly LeaseOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    // At most a gain and a loss per shard: who reads slowly holds up only himself.
    private readonly Channel<LeaseChange> _changes = Channel.CreateUnbounded<LeaseChange>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly CancellationTokenSource _stop = new();
    private readonly HeldLeases _leases;
    private readonly Task _rounds;
    private readonly Task _listening;
    private bool _hasJoined;
    private bool _isAway;
    private volatile bool _isRetiring;
    private long? _backSince;

    public LeaseMember(LeaseTable table, LeaseOptions options, TimeProvider time, ILogger logger)
    {
        _table = table;
        _options = options;
        _time = time;
        _logger = logger;
        _leases = new HeldLeases(_changes.Writer, time);
        _rounds = Task.Run(RunAsync, CancellationToken.None);
        _listening = Task.Run(ListenAsync, CancellationToken.None);
    }

    /// <summary>The next change; null when this member retired and there will be none.</summary>
    public async ValueTask<LeaseChange?> ReadAsync(CancellationToken cancellationToken) =>
        await _changes.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false) && _changes.Reader.TryRead(out LeaseChange? change) ? change : null;

    /// <summary>Begins to give everything to others; with the last shard changes end. False when there is nobody to give to.</summary>
    public async Task<bool> RetireAsync(CancellationToken cancellationToken)
    {
        if (!await _table.RetireAsync(cancellationToken).ConfigureAwait(false))
        {
            return false;
        }

        _isRetiring = true;
        _wake.Writer.TryWrite(true);
        return true;
    }

    /// <summary>A shard runs here.</summary>
    public async Task ArrivedAsync(ShardId shard)
    {
        if (_leases.Has(shard) && !_stop.IsCancellationRequested)
        {
            await _table.ArrivedAsync(shard, _stop.Token).ConfigureAwait(false);
        }
    }

    /// <summary>The node has let go of a lease it gave up: the heir has it now. A lost one needs nothing.</summary>
    public async Task ReleaseAsync(Lease lease, CancellationToken cancellationToken)
    {
        if (!_leases.IsGivenUp(lease))
        {
            return;
        }

        try
        {
            await _table.HandOverAsync(lease.Shard, cancellationToken).ConfigureAwait(false);
        }
        catch (DependencyUnavailableException error)
        {
            // A round finds the row still this member's and takes the shard again, or finds it released.
            Log.RoundFailed(_logger, _table.Member, error.Message);
        }

        _leases.Release(lease);

        // The next may go.
        _wake.Writer.TryWrite(true);
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
        long round = _leases.BeginRound();
        if (!await _table.RenewAsync(cancellationToken).ConfigureAwait(false))
        {
            if (_hasJoined)
            {
                Log.Ended(_logger, _table.Member);
                _leases.Settle([], round);
            }

            await _table.JoinAsync(cancellationToken).ConfigureAwait(false);
            _hasJoined = true;
        }

        LeaseView view = await _table.ReadAsync(cancellationToken).ConfigureAwait(false);
        if (!view.Members.Contains(_table.Member))
        {
            // Ended since the sign of life: the next round joins again.
            _ = _wake.Writer.TryWrite(true);
            return;
        }

        LeaseRow[] mine = [.. view.Rows.Where(r => r.Member == _table.Member)];
        _leases.Settle([.. mine.Select(static r => r.Shard)], round);

        // Announced by a transaction of unknown outcome.
        _leases.GiveUp(mine.Where(r => r.Heir is { } heir && heir != _table.Member).Select(static r => r.Shard), round);
        foreach (ShardId shard in mine.Where(r => r.Heir == _table.Member && _leases.IsHeldSince(r.Shard, ArrivalMax)).Select(static r => r.Shard))
        {
            await _table.ArrivedAsync(shard, cancellationToken).ConfigureAwait(false);
        }

        if (LeaseShares.Give(_table.Member, view.Staying, view.Rows).Count > 0)
        {
            _leases.GiveUp((await _table.AnnounceAsync(cancellationToken).ConfigureAwait(false)).Select(static m => m.Shard), round);
        }

        bool isSomebodyGone = view.Rows.Exists(r => r.Member is { } holder && !view.Members.Contains(holder));
        if (LeaseShares.Take(_table.Member, view.Staying, view.Rows).Count > 0 || isSomebodyGone || (view.IsSomebodyExpired && MayEndOthers))
        {
            foreach (ShardId shard in await _table.TakeAsync(MayEndOthers, cancellationToken).ConfigureAwait(false))
            {
                _leases.Gain(shard, round);
            }
        }

        if (_isRetiring && mine.Length == 0)
        {
            _changes.Writer.TryComplete();
        }
    }

    private async Task ListenAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await _table.ListenAsync(Hear, _stop.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
            {
                // The rounds go on at their interval meanwhile, and say that the database is away.
                await Task.Delay(_options.Renew, _time, _stop.Token).ConfigureAwait(false);
            }
        }
    }

    private void Hear(ShardId? handed)
    {
        if (handed is { } shard)
        {
            _leases.GainHanded(shard);
        }

        _wake.Writer.TryWrite(true);
    }
}

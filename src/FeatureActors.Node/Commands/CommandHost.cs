namespace FeatureActors.Node.Commands;

/// <summary>What commands know of the process around them; tests bring their own.</summary>
internal sealed class CommandHost : IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Results.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Messages about the work.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Opens standard output for bytes.</summary>
    public required Func<Stream> OpenOutput { get; init; }

    /// <summary>The node's clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Cancelled when the process is asked to stop (Ctrl+C, SIGTERM).</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Asks the running command to stop.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>The console of this process.</summary>
    public static CommandHost OfProcess() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        OpenOutput = Console.OpenStandardOutput,
    };

    /// <summary>Writes a line about the work, named as the program is.</summary>
    public void Say(string text) => Error.WriteLine($"fa: {text}");

    /// <inheritdoc/>
    public void Dispose() => _stop.Dispose();
}

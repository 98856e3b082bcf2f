namespace FeatureActors.Runtime.Batch;

/// <summary>What a batch run did.</summary>
/// <param name="Events">Events in the file, usable or not.</param>
/// <param name="Applied">Events whose time lies at or before the last evaluation, so that they were applied.</param>
/// <param name="Values">Values written.</param>
/// <param name="Refused">What could not be used, by reason, in order of first appearance.</param>
public sealed record BatchReport(long Events, long Applied, long Values, IReadOnlyList<RefusedEvents> Refused);

/// <summary>Events, or rows of them, that could not be used for one reason.</summary>
/// <param name="Reason">Short reason, such as <c>malformed-json</c>.</param>
/// <param name="Count">How many.</param>
/// <param name="First">The first ones, at most <see cref="KeptMax"/>.</param>
public sealed record RefusedEvents(string Reason, long Count, IReadOnlyList<RefusedEvent> First)
{
    /// <summary>Most examples kept of one reason: enough to see what is wrong, few enough to read.</summary>
    public const int KeptMax = 20;
}

/// <summary>One event, or row of it, that could not be used.</summary>
/// <param name="Line">1-based line of the file.</param>
/// <param name="Error">What is wrong.</param>
public readonly record struct RefusedEvent(long Line, string Error);

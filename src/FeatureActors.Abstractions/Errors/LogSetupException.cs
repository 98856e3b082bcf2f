namespace FeatureActors.Abstractions.Errors;

/// <summary>A shard log does not exist and cannot be created here, or does not fit the definitions. Leads to exit code 3.</summary>
/// <param name="message">What is wrong, with the exact command that mends it.</param>
/// <param name="innerException">The adapter's own exception, if any.</param>
public sealed class LogSetupException(string message, Exception? innerException = null) : FeatureActorsException(message, innerException)
{
    /// <inheritdoc/>
    public override bool IsTransient => false;
}

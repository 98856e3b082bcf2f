namespace FeatureActors.Node.Commands;

/// <summary>The command cannot be carried out as it was given. Leads to exit code 2.</summary>
/// <param name="message">What is wrong and what to do.</param>
internal sealed class UsageException(string message) : Exception(message);

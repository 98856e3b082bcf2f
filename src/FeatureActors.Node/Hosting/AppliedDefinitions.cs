using System.Text;
using FeatureActors.Abstractions.Ports;
using FeatureActors.Core.Definitions;
using FeatureActors.Node.Commands;

namespace FeatureActors.Node.Hosting;

/// <summary>Brings definitions into force: what <c>fa apply</c> does, and each node at its start.</summary>
internal static class AppliedDefinitions
{
    // Somebody else applied in between; each time the comparison is made anew.
    private const int TriesMax = 5;

    /// <summary>Compares the definitions with those in force and stores them when they differ and nothing would be lost unasked.</summary>
    /// <exception cref="UsageException">State would be lost and <paramref name="isResetAccepted"/> is false, or they cannot be applied at all.</exception>
    public static async ValueTask<DefinitionsAssignment> ApplyAsync(
        IDefinitionStore store, DefinitionsModel model, bool isResetAccepted, TimeProvider time, CancellationToken cancellationToken)
    {
        for (int i = 0; i < TriesMax; i++)
        {
            DefinitionsSnapshot? previous = await store.ReadAsync(model.Namespace, cancellationToken).ConfigureAwait(false);
            DefinitionsAssignment assignment = DefinitionsCatalog.Assign(model, previous, time.GetUtcNow().ToUnixTimeMilliseconds());
            Refuse(assignment, model, isResetAccepted);
            if (!assignment.HasChanges || await store.TryStoreAsync(assignment.Snapshot, cancellationToken).ConfigureAwait(false))
            {
                return assignment;
            }
        }

        throw new UsageException($"the definitions of namespace {model.Namespace} are being changed by somebody else; look at ./fa plan and try again");
    }

    private static void Refuse(DefinitionsAssignment assignment, DefinitionsModel model, bool isResetAccepted)
    {
        if (assignment.IsRefused)
        {
            throw new UsageException(Text(
                $"the definitions of namespace {model.Namespace} cannot be applied, nothing was changed:", assignment, DefinitionsChangeKind.Refused, ""));
        }

        if (assignment.NeedsAcceptReset && !isResetAccepted)
        {
            throw new UsageException(Text(
                $"these features of namespace {model.Namespace} would lose their state, nothing was changed:",
                assignment,
                DefinitionsChangeKind.Reset,
                "if that is meant: ./fa apply --accept-reset with the same definitions and configuration"));
        }
    }

    private static string Text(string head, DefinitionsAssignment assignment, DefinitionsChangeKind kind, string tail)
    {
        var text = new StringBuilder(head);
        foreach (DefinitionsChange change in assignment.Changes.Where(c => c.Change == kind))
        {
            text.Append('\n').Append("  ").Append(change.Entity).Append('/').Append(change.Name).Append(": ").Append(change.Detail);
        }

        return tail.Length == 0 ? text.ToString() : text.Append('\n').Append(tail).ToString();
    }
}

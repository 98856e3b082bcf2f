using FeatureActors.Abstractions.Errors;

namespace FeatureActors.LocalServers;

/// <summary>A user of the machine, from its passwd file.</summary>
/// <param name="UserId">Number of the user.</param>
/// <param name="GroupId">Number of its main group.</param>
internal sealed record UnixUser(string UserId, string GroupId)
{
    /// <summary>The user that servers run as which refuse to run as root; null when we are not root.</summary>
    internal static UnixUser? ForServers() =>
        NativeMethods.EffectiveUserId() != 0 ? null : Find("postgres") ?? Find("nobody")
            ?? throw new DependencyUnavailableException(
                "/etc/passwd", "could not start a local server: it refuses root, and there is no user postgres or nobody");

    // name:password:uid:gid:…
    private static UnixUser? Find(string name) =>
        File.ReadLines("/etc/passwd")
            .Select(line => line.Split(':'))
            .Where(fields => fields.Length > 3 && fields[0] == name)
            .Select(fields => new UnixUser(fields[2], fields[3]))
            .FirstOrDefault();
}

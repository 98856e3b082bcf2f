using System.Net;
using System.Net.Sockets;

namespace FeatureActors.LocalServers;

/// <summary>
/// Ports for servers that are stopped and started again on the same port. They lie below Linux's range for outgoing
/// connections (32768 and up): a port of that range could be taken by anybody's connection while the server is down.
/// </summary>
internal static class FreePort
{
    private const int First = 20_000;
    private const int Last = 32_000;
    private const int AttemptsMax = 200;

    /// <summary>A port that nobody listened on a moment ago. Another process may still win the race for it.</summary>
    internal static int Pick()
    {
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            int port = Random.Shared.Next(First, Last);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: try another one.
            }
        }

        throw new InvalidOperationException(
            $"could not find a free port between {First} and {Last} in {AttemptsMax} attempts");
    }
}

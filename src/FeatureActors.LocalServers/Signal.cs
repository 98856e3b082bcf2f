namespace FeatureActors.LocalServers;

/// <summary>The signals that a local server is sent, by their number on Linux.</summary>
internal enum Signal
{
    Interrupt = 2,
    Quit = 3,
    Kill = 9,
    Terminate = 15,
    Continue = 18,
    Stop = 19,
}

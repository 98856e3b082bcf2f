using FeatureActors.Abstractions.Identity;

namespace FeatureActors.TestKit.Faults;

/// <summary>Decides the fault of one call of an in-memory port. Called on the caller's thread, outside the port's lock.</summary>
/// <param name="operation">Name of the port's method, such as <c>CommitAsync</c>.</param>
/// <param name="shard">The shard the call is about, or null.</param>
/// <returns>What the call does.</returns>
public delegate PortFault PortFaultHook(string operation, ShardId? shard);

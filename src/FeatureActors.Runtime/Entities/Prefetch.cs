using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace FeatureActors.Runtime.Entities;

/// <summary>Asks for memory that is read soon, so that many waits pass at once.</summary>
internal static class Prefetch
{
    /// <summary>Asks for the cache line in which something begins; does nothing where the processor cannot be asked.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static unsafe void Line<T>(ref readonly T at)
        where T : unmanaged
    {
        if (Sse.IsSupported)
        {
            // A hint only: where the collector moves what it points to meanwhile, it brings a line that nobody wants.
            Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.AsRef(in at)));
        }
    }
}

using System.Globalization;
using System.Runtime.InteropServices;

namespace FeatureActors.Benchmarks.Nodes;

/// <summary>What a process has used, as the kernel counts it.</summary>
internal static partial class ProcessCost
{
    // USER_HZ is 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;
    private const int ThreadCpuClock = 3;
    private const int ProcessCpuClock = 2;

    /// <summary>CPU seconds, user and system, of a process with all its threads.</summary>
    public static double CpuSeconds(int pid)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>A memory figure of a process, such as <c>VmRSS</c> or <c>VmHWM</c>, in MiB.</summary>
    public static double MemoryMiB(int pid, string name)
    {
        string line = File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith(name + ":", StringComparison.Ordinal));
        return long.Parse(line[(name.Length + 1)..].Replace("kB", "", StringComparison.Ordinal).Trim(), CultureInfo.InvariantCulture) / 1024.0;
    }

    /// <summary>CPU nanoseconds of the calling thread.</summary>
    public static long ThreadNs() => Read(ThreadCpuClock);

    /// <summary>CPU nanoseconds of this process.</summary>
    public static long ProcessNs() => Read(ProcessCpuClock);

    /// <summary>Load of the machine over the last minute.</summary>
    public static string MachineLoad() => File.ReadAllText("/proc/loadavg").Split(' ')[0];

    private static long Read(int clock) => GetTime(clock, out TimeSpec time) == 0
        ? (time.Seconds * 1_000_000_000) + time.Nanoseconds
        : throw new InvalidOperationException("clock_gettime failed");

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public long Seconds;
        public long Nanoseconds;
    }
}

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
    public static double CpuSeconds(int pid) => Ticks(pid, 11, 12);

    /// <summary>The same of a process with its children, those that ended included.</summary>
    public static double TreeCpuSeconds(int pid)
    {
        double seconds = 0;
        try
        {
            seconds = Ticks(pid, 11, 12, 13, 14);
            foreach (string child in File.ReadAllText($"/proc/{pid}/task/{pid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                seconds += TreeCpuSeconds(int.Parse(child, CultureInfo.InvariantCulture));
            }
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            // It ended meanwhile; its parent counts it from now on.
        }

        return seconds;
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

    // Fields of the file behind the name, from the state on: 11 and 12 are user and system, 13 and 14 those of ended children.
    private static double Ticks(int pid, params ReadOnlySpan<int> fields)
    {
        string stat = File.ReadAllText($"/proc/{pid}/stat");
        string[] words = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        long ticks = 0;
        foreach (int field in fields)
        {
            ticks += long.Parse(words[field], CultureInfo.InvariantCulture);
        }

        return ticks / TicksPerSecond;
    }

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

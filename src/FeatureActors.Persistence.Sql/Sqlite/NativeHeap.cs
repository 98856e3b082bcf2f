using System.Runtime.InteropServices;

namespace FeatureActors.Persistence.Sql.Sqlite;

/// <summary>
/// The C library's heap, where SQLite has its pages. glibc keeps freed memory in an arena per thread, and a checkpoint runs on
/// whichever thread is free: without asking, every arena keeps the pages of the largest checkpoint it ever saw.
/// </summary>
internal static class NativeHeap
{
    private static volatile bool IsAbsent = !OperatingSystem.IsLinux();

    /// <summary>Gives freed memory back to the operating system where the C library can; some milliseconds.</summary>
    public static void Trim()
    {
        if (IsAbsent)
        {
            return;
        }

        try
        {
            _ = MallocTrim(0);
        }
        catch (Exception exception) when (exception is EntryPointNotFoundException or DllNotFoundException)
        {
            // Another C library, which gives memory back by itself.
            IsAbsent = true;
        }
    }

    [DllImport("libc", EntryPoint = "malloc_trim", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int MallocTrim(nuint keep);
}

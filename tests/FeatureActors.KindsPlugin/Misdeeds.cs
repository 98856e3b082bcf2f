namespace FeatureActors.KindsPlugin;

/// <summary>Does what a row says: <c>throw-x</c> and <c>hang-x</c> of the part called x.</summary>
internal static class Misdeeds
{
    /// <summary>Throws or hangs when <paramref name="text"/> tells <paramref name="part"/> to.</summary>
    public static void Obey(ReadOnlySpan<byte> text, string part)
    {
        int dash = text.IndexOf((byte)'-');
        if (dash < 0 || !System.Text.Encoding.UTF8.GetString(text[(dash + 1)..]).Equals(part, StringComparison.Ordinal))
        {
            return;
        }

        if (text.StartsWith("throw"u8))
        {
            throw new InvalidOperationException($"told to throw in {part}");
        }

        if (text.StartsWith("hang"u8))
        {
            using var never = new ManualResetEventSlim();
            never.Wait();
        }
    }
}

using System.Security.Cryptography;
using System.Text;

namespace FeatureActors.Redis;

/// <summary>A script with the hash under which Redis keeps it.</summary>
internal sealed class RedisScript(string text)
{
    public string Text { get; } = text;

    // SHA-1 is how Redis names scripts; nothing rests on its strength.
#pragma warning disable CA5350
    public byte[] Hash { get; } = SHA1.HashData(Encoding.UTF8.GetBytes(text));
#pragma warning restore CA5350
}

/// <summary>
/// The scripts that run inside Redis. Lua numbers are doubles: exact for epochs, batches, offsets and milliseconds, all below
/// 2^53; they are stored and answered as the text that came in, never as a printed double.
/// </summary>
internal static class RedisScripts
{
    // Codes of the first element of a write's answer.
    public const int Written = 1;
    public const int Done = 2;
    public const int Stale = 3;
    public const int Lost = 4;
    public const int RestoreRefused = 5;

    /// <summary>KEYS: fence. ARGV: epoch, batch, T of a fence under which nothing was written. Answers the fence as it stood before.</summary>
    public static readonly RedisScript RaiseFence = new("""
        local old = redis.call('HMGET', KEYS[1], 'epoch', 'batch', 'next_offset', 't')
        if old[1] and tonumber(old[1]) > tonumber(ARGV[1]) then return old end
        redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'batch', ARGV[2], 'next_offset', old[3] or '0', 't', old[4] or ARGV[3])
        return old
        """);

    /// <summary>
    /// KEYS: fence, then one per item. ARGV: epoch, batch, next offset, T, whether there are hashes, then (expiry, payload)
    /// per item: payload <c>R</c> refreshes, <c>D</c> deletes, anything longer is the hash. Answers a code and the 1-based indexes of missed refreshes.
    /// A batch already written looks its refreshes up again, because the answer with the misses may have been lost.
    /// Redis refuses a script for lack of memory only at its first change, and never for a deletion: therefore hashes are announced
    /// by a change of the fence that changes nothing. An error in the middle leaves the fence behind, so the repetition writes everything again.
    /// </summary>
    public static readonly RedisScript WriteRestore = new(Write(
        "local e = redis.pcall('RESTORE', k, x, v, 'REPLACE', 'ABSTTL') if type(e) == 'table' and e.err then return {5, e.err} end",
        2, ""));

    /// <summary>The same with hashes as MessagePack arrays of name, value, …; in parts, because Lua's stack is bounded.</summary>
    public static readonly RedisScript WriteFields = new(Write(FieldsApply, 2, ""));

    /// <summary>As <see cref="WriteRestore"/> with KEYS behind the items: the counter of falls; and (expiry, payload, new version) per item.</summary>
    public static readonly RedisScript WriteRestoreVerified = new(Write(
        "local e = redis.pcall('RESTORE', k, x, v, 'REPLACE', 'ABSTTL') if type(e) == 'table' and e.err then return {5, e.err} end",
        3, VerifyVersion));

    /// <summary>As <see cref="WriteFields"/> with versions checked.</summary>
    public static readonly RedisScript WriteFieldsVerified = new(Write(FieldsApply, 3, VerifyVersion));

    private const string FieldsApply = """
        redis.call('DEL', k)
              local h = cmsgpack.unpack(v)
              for p = 1, #h, 2000 do redis.call('HSET', k, unpack(h, p, math.min(p + 1999, #h))) end
              if x ~= '0' then redis.call('PEXPIREAT', k, x) end
        """;

    private const string VerifyVersion = """
        local had = redis.call('HGET', k, '_v')
              if had then
                local oldOffset, oldT = string.match(had, '^(%-?%d+)%-(%-?%d+)$')
                local newOffset, newT = string.match(ARGV[a + 2], '^(%-?%d+)%-(%-?%d+)$')
                if oldOffset and newOffset then
                  oldOffset, oldT, newOffset, newT = tonumber(oldOffset), tonumber(oldT), tonumber(newOffset), tonumber(newT)
                  falls = newOffset < oldOffset or (newOffset == oldOffset and newT < oldT)
                end
              end
        """;

    // A fixed text per form: the batch's data never becomes script text, so each form is compiled once per server.
    private static string Write(string apply, int stride, string verify) => $$"""
        local fence = redis.call('HMGET', KEYS[1], 'epoch', 'batch')
        local epoch, batch = tonumber(ARGV[1]), tonumber(ARGV[2])
        local stored = fence[1] and tonumber(fence[1])
        if stored and stored > epoch then return {3} end
        if not stored or not fence[2] or stored < epoch then return {4} end
        local last = tonumber(fence[2])
        if last ~= batch and last ~= batch - 1 then return {4} end
        local n = (#ARGV - 5) / {{stride}}
        local answer = {last == batch and 2 or 1}
        local a = 6
        if last == batch then
          for i = 1, n do
            if ARGV[a + 1] == 'R' and redis.call('EXISTS', KEYS[i + 1]) == 0 then answer[#answer + 1] = i end
            a = a + {{stride}}
          end
          return answer
        end
        if ARGV[5] == '1' then redis.call('HSET', KEYS[1], 'epoch', ARGV[1]) end
        for i = 1, n do
          local k, x, v = KEYS[i + 1], ARGV[a], ARGV[a + 1]
          if v == 'R' then
            if x == '0' then
              if redis.call('EXISTS', k) == 0 then answer[#answer + 1] = i else redis.call('PERSIST', k) end
            elseif redis.call('PEXPIREAT', k, x) == 0 then answer[#answer + 1] = i end
          elseif v == 'D' then redis.call('DEL', k)
          else
            local falls = false
            {{verify}}
            if falls then redis.call('INCR', KEYS[n + 2]) else
              {{apply}}
            end
          end
          a = a + {{stride}}
        end
        redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'batch', ARGV[2], 'next_offset', ARGV[3], 't', ARGV[4])
        return answer
        """;
}

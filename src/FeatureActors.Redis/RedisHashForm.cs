namespace FeatureActors.Redis;

/// <summary>How a written hash travels to Redis. The stored result is the same.</summary>
public enum RedisHashForm
{
    /// <summary><see cref="Restore"/>, and <see cref="Fields"/> for a while when the server refuses it.</summary>
    Auto = 0,

    /// <summary>As a ready-made listpack by <c>RESTORE</c>: a quarter of the server's CPU. Needs Redis 7 and the right to call <c>RESTORE</c>.</summary>
    Restore = 1,

    /// <summary>Field by field by <c>HSET</c>: any server.</summary>
    Fields = 2,
}

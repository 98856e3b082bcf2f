using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using FeatureActors.Benchmarks.Streams;

namespace FeatureActors.Benchmarks.Peers;

/// <summary>
/// The features of a profile kept by Redis commands per event: for each of the three slot widths one hash per key and slot
/// (counts, sums and maps as fields), one sorted set for the top-k, one for the last values; each with its expiry. Ratios and
/// averages are computed by readers and cost nothing here. Minimum and maximum share one script call per slot.
/// </summary>
internal sealed class RedisFeatures(RedisPipe pipe, string profile, string minMaxHash)
{
    /// <summary>Lowers <c>min</c> and raises <c>max</c> in one call.</summary>
    public const string MinMaxScript = """
        local v=tonumber(ARGV[1]) local o=redis.call('HMGET',KEYS[1],'min','max')
        if not o[1] or v<tonumber(o[1]) then redis.call('HSET',KEYS[1],'min',ARGV[1]) end
        if not o[2] or v>tonumber(o[2]) then redis.call('HSET',KEYS[1],'max',ARGV[1]) end
        return 1
        """;

    // The widths that windows of 1 h, 1 d and 7 d have by default, how many of their slots a window covers, and how long each lives.
    private static readonly (long Ms, int Slots, byte[] Name, byte[] ExpirySeconds)[] Widths =
    [
        (60_000, 61, "m"u8.ToArray(), "3660"u8.ToArray()),
        (900_000, 97, "q"u8.ToArray(), "87300"u8.ToArray()),
        (3_600_000, 169, "h"u8.ToArray(), "608400"u8.ToArray()),
    ];

    private readonly bool _isRich = profile == Profile.Rich;
    private readonly byte[] _minMax = Encoding.ASCII.GetBytes(minMaxHash);
    private readonly byte[] _name = new byte[64];
    private readonly byte[] _field = new byte[64];
    private readonly byte[] _time = new byte[20];
    private readonly byte[] _item = new byte[8];

    /// <summary>Sends the commands of one event.</summary>
    public void Apply(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        ReadOnlySpan<byte> user = default, item = default, category = default, channel = default, value = default;
        long time = 0;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            if (reader.ValueTextEquals("item_id"u8))
            {
                reader.Read();
                item = reader.ValueSpan;
            }
            else if (reader.ValueTextEquals("ts_ms"u8))
            {
                reader.Read();
                time = reader.GetInt64();
            }
            else if (_isRich && reader.ValueTextEquals("user_id"u8))
            {
                reader.Read();
                user = reader.ValueSpan;
            }
            else if (_isRich && reader.ValueTextEquals("category_id"u8))
            {
                reader.Read();
                category = reader.ValueSpan;
            }
            else if (_isRich && reader.ValueTextEquals("channel"u8))
            {
                reader.Read();
                channel = reader.ValueSpan;
            }
            else if (_isRich && reader.ValueTextEquals("value"u8))
            {
                reader.Read();
                value = reader.ValueSpan;
            }
            else
            {
                reader.Skip();
            }
        }

        item.CopyTo(_item);
        foreach ((long ms, _, byte[] width, byte[] expiry) in Widths)
        {
            ReadOnlySpan<byte> hash = Name((byte)'c', width, time / ms, item);
            Command("HINCRBY"u8, hash, "buys"u8, "1"u8);
            if (_isRich)
            {
                Command("HINCRBYFLOAT"u8, hash, "revenue"u8, value);
                pipe.Begin(5);
                pipe.Word("EVALSHA"u8);
                pipe.Word(_minMax);
                pipe.Word("1"u8);
                pipe.Word(hash);
                pipe.Word(value);
                Command("HINCRBY"u8, hash, Field((byte)'n', channel), "1"u8);
                Command("HINCRBYFLOAT"u8, hash, Field((byte)'s', category), value);
            }

            Command("EXPIRE"u8, hash, expiry);
            if (_isRich)
            {
                ReadOnlySpan<byte> top = Name((byte)'t', width, time / ms, item);
                Command("ZINCRBY"u8, top, "1"u8, user);
                Command("EXPIRE"u8, top, expiry);
                ReadOnlySpan<byte> last = Name((byte)'l', width, time / ms, item);
                Utf8Formatter.TryFormat(time, _time, out int digits);
                Command("ZADD"u8, last, _time.AsSpan(0, digits), user);
                Command("ZREMRANGEBYRANK"u8, last, "0"u8, "-6"u8);
                Command("EXPIRE"u8, last, expiry);
            }
        }

        if (_isRich)
        {
            ReadOnlySpan<byte> latest = Name((byte)'v', "a"u8, 0, item);
            Command("HSET"u8, latest, "channel"u8, channel);
            Command("EXPIRE"u8, latest, Widths[2].ExpirySeconds);
        }
    }

    /// <summary>Sends the commands of one read of the last key: every slot of every window. Merging the answers is not done, so it costs nothing here.</summary>
    public void Read(long nowMs)
    {
        foreach ((long ms, int slots, byte[] width, _) in Widths)
        {
            long newest = nowMs / ms;
            for (long slot = newest - slots + 1; slot <= newest; slot++)
            {
                pipe.Begin(_isRich ? 2 : 3);
                pipe.Word(_isRich ? "HGETALL"u8 : "HGET"u8);
                pipe.Word(Name((byte)'c', width, slot, _item));
                if (!_isRich)
                {
                    pipe.Word("buys"u8);
                }
            }

            if (_isRich)
            {
                Union((byte)'t', width, newest, slots, "SUM"u8);
                Union((byte)'l', width, newest, slots, "MAX"u8);
            }
        }
    }

    private void Union(byte kind, ReadOnlySpan<byte> width, long newest, int slots, ReadOnlySpan<byte> aggregate)
    {
        pipe.Begin(slots + 5);
        pipe.Word("ZUNION"u8);
        Utf8Formatter.TryFormat(slots, _time, out int digits);
        pipe.Word(_time.AsSpan(0, digits));
        for (long slot = newest - slots + 1; slot <= newest; slot++)
        {
            pipe.Word(Name(kind, width, slot, _item));
        }

        pipe.Word("AGGREGATE"u8);
        pipe.Word(aggregate);
        pipe.Word("WITHSCORES"u8);
    }

    private ReadOnlySpan<byte> Name(byte kind, ReadOnlySpan<byte> width, long slot, ReadOnlySpan<byte> item)
    {
        _name[0] = kind;
        _name[1] = width[0];
        item.CopyTo(_name.AsSpan(2));
        int at = 2 + item.Length;
        _name[at++] = (byte)':';
        Utf8Formatter.TryFormat(slot, _name.AsSpan(at), out int digits);
        return _name.AsSpan(0, at + digits);
    }

    private ReadOnlySpan<byte> Field(byte kind, ReadOnlySpan<byte> subKey)
    {
        _field[0] = kind;
        subKey.CopyTo(_field.AsSpan(1));
        return _field.AsSpan(0, subKey.Length + 1);
    }

    private void Command(ReadOnlySpan<byte> name, ReadOnlySpan<byte> key, ReadOnlySpan<byte> a)
    {
        pipe.Begin(3);
        pipe.Word(name);
        pipe.Word(key);
        pipe.Word(a);
    }

    private void Command(ReadOnlySpan<byte> name, ReadOnlySpan<byte> key, ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        pipe.Begin(4);
        pipe.Word(name);
        pipe.Word(key);
        pipe.Word(a);
        pipe.Word(b);
    }
}

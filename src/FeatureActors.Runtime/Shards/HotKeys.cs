using System.Text;

namespace FeatureActors.Runtime.Shards;

/// <summary>A key that takes many of a shard's rows.</summary>
/// <param name="Key">The key, as in Redis.</param>
/// <param name="Share">Its part of the sampled rows, 0 to 1; too high by at most the part of the rarest key that is kept.</param>
public readonly record struct HotKey(string Key, double Share);

/// <summary>
/// The keys that take most rows, from every 64th row. Counts by the Space-Saving algorithm (Metwally, Agrawal, El Abbadi, 2005): a fixed
/// number of counters, where a key without one takes over the smallest. Counts are halved now and then, so the answer is about the
/// present. Counted by the shard, read by anyone.
/// </summary>
internal sealed class HotKeys
{
    private const int Stride = 64;
    private const int Counters = 64;
    private const int HalveAt = 32_768;

    private readonly Lock _lock = new();
    private readonly List<(byte[] Key, int Count)> _keys = new(Counters);

    // Apart from the keys, so that looking for one reads few lines of memory.
    private readonly ulong[] _hashes = new ulong[Counters];
    private int _untilSample = Stride;
    private int _samples;

    /// <summary>Passes rows of one key by; answers how many of them are samples, which <see cref="Count"/> takes.</summary>
    public int Pass(int rows)
    {
        _untilSample -= rows;
        if (_untilSample > 0)
        {
            return 0;
        }

        int samples = (-_untilSample / Stride) + 1;
        _untilSample += samples * Stride;
        return samples;
    }

    /// <summary>The keys with most rows, most first.</summary>
    public IReadOnlyList<HotKey> Top(int count)
    {
        lock (_lock)
        {
            double all = Math.Max(1, _samples);
            return [.. _keys.OrderByDescending(static k => k.Count).Take(count).Select(k => new HotKey(Encoding.UTF8.GetString(k.Key), k.Count / all))];
        }
    }

    /// <summary>Counts samples of a key with that stable hash.</summary>
    public void Count(ReadOnlySpan<byte> key, ulong hash, int samples)
    {
        lock (_lock)
        {
            _samples += samples;
            int known = Find(key, hash);
            if (known >= 0)
            {
                _keys[known] = (_keys[known].Key, _keys[known].Count + samples);
            }
            else if (_keys.Count < Counters)
            {
                _hashes[_keys.Count] = hash;
                _keys.Add((key.ToArray(), samples));
            }
            else
            {
                TakeOverLeast(key, hash, samples);
            }

            HalveIfMany();
        }
    }

    private int Find(ReadOnlySpan<byte> key, ulong hash)
    {
        for (int from = 0; from < _keys.Count;)
        {
            int at = _hashes.AsSpan(from, _keys.Count - from).IndexOf(hash);
            if (at < 0)
            {
                return -1;
            }

            if (key.SequenceEqual(_keys[from + at].Key))
            {
                return from + at;
            }

            from += at + 1;
        }

        return -1;
    }

    private void TakeOverLeast(ReadOnlySpan<byte> key, ulong hash, int samples)
    {
        int least = 0;
        for (int i = 1; i < _keys.Count; i++)
        {
            least = _keys[i].Count < _keys[least].Count ? i : least;
        }

        // Reused where it fits, for most keys of a long tail come by only once.
        byte[] room = _keys[least].Key.Length == key.Length ? _keys[least].Key : new byte[key.Length];
        key.CopyTo(room);
        _hashes[least] = hash;
        _keys[least] = (room, _keys[least].Count + samples);
    }

    private void HalveIfMany()
    {
        if (_samples < HalveAt)
        {
            return;
        }

        _samples /= 2;
        for (int i = 0; i < _keys.Count; i++)
        {
            _keys[i] = _keys[i] with { Count = _keys[i].Count / 2 };
        }
    }
}

namespace FeatureActors.Core.Payloads;

/// <summary>
/// Numbers all doubles by bins: 0 holds 0, the positive ones count up from the smallest double, the negative ones down alike. With
/// g = (1 + error) / (1 − error) a bin covers (g^(i − 1), g^i] and stands for 2·g^i / (g + 1), which is within the error of
/// everything in it. Immutable.
/// </summary>
internal sealed class QuantileBins
{
    // The logarithm is rounded by up to about 1e-13; a factor that is this much finer keeps the stated error in spite of that.
    private const double Slack = 1 - 1e-8;

    private readonly double _logFactor;
    private readonly double _logMiddle;
    private readonly int _first;

    /// <summary>Bins for a relative error above 0 and below 1.</summary>
    public QuantileBins(double error)
    {
        double used = error * Slack;
        _logFactor = Math.Log((1 + used) / (1 - used));
        _logMiddle = Math.Log(1 - used);
        _first = (int)Math.Ceiling(Math.Log(double.Epsilon) / _logFactor) - 1;
    }

    /// <summary>The bin of a finite value.</summary>
    public int BinOf(double value)
    {
        if (value == 0)
        {
            return 0;
        }

        int bin = (int)Math.Ceiling(Math.Log(Math.Abs(value)) / _logFactor) - _first;
        return value < 0 ? -bin : bin;
    }

    /// <summary>The value for which a bin stands.</summary>
    public double ValueOf(int bin)
    {
        if (bin == 0)
        {
            return 0;
        }

        // 2·g^i / (g + 1) = g^i · (1 − error).
        double value = Math.Min(Math.Exp(((double)(Math.Abs(bin) + _first) * _logFactor) + _logMiddle), double.MaxValue);
        return bin < 0 ? -value : value;
    }
}

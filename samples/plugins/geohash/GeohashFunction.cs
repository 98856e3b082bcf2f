using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;

namespace Samples.Plugins.Geohash;

/// <summary>
/// <c>geohash(lat, lon, precision)</c>: the cell of a place as text of <c>precision</c> characters (1 to 12; 5 is about 5 km, 7 about
/// 150 m). NULL for a place that is not on Earth. As in G. Niemeyer's geohash: bits of longitude and latitude in turn, base 32.
/// </summary>
public sealed class GeohashFunction : IScalarFunction
{
    private const int PrecisionMax = 12;

    /// <inheritdoc/>
    public string Name => "geohash";

    /// <inheritdoc/>
    public IReadOnlyList<ScalarSignature> Signatures { get; } =
        [new ScalarSignature([FieldType.Double, FieldType.Double, FieldType.Long], FieldType.String)];

    /// <inheritdoc/>
    public ScalarBinding Bind(int signature, IReadOnlyList<ScalarArgument> arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        return arguments[2] is { IsConstant: true, Constant: long precision and not (>= 1 and <= PrecisionMax) }
            ? ScalarBinding.Refuse(2, $"precision is 1 to {PrecisionMax}, not {precision}")
            : ScalarBinding.To(new Evaluator());
    }

    private sealed class Evaluator : IScalarEvaluator
    {
        public void Evaluate(scoped in RowView arguments, ref ScalarResult result)
        {
            double lat = arguments.GetDouble(0);
            double lon = arguments.GetDouble(1);
            long precision = arguments.GetInt64(2);
            if (lat is not (>= -90 and <= 90) || lon is not (>= -180 and <= 180) || precision is not (>= 1 and <= PrecisionMax))
            {
                return;
            }

            Span<byte> text = stackalloc byte[PrecisionMax];
            Encode(lat, lon, text[..(int)precision]);
            result.SetUtf8(text[..(int)precision]);
        }

        private static void Encode(double lat, double lon, Span<byte> text)
        {
            ReadOnlySpan<byte> letters = "0123456789bcdefghjkmnpqrstuvwxyz"u8;
            (double low, double high) lats = (-90, 90);
            (double low, double high) lons = (-180, 180);
            bool isLon = true;
            for (int i = 0; i < text.Length; i++)
            {
                int letter = 0;
                for (int bit = 0; bit < 5; bit++)
                {
                    letter = (letter << 1) | (isLon ? Halve(ref lons, lon) : Halve(ref lats, lat));
                    isLon = !isLon;
                }

                text[i] = letters[letter];
            }
        }

        private static int Halve(ref (double Low, double High) range, double value)
        {
            double middle = (range.Low + range.High) / 2;
            if (value >= middle)
            {
                range.Low = middle;
                return 1;
            }

            range.High = middle;
            return 0;
        }
    }
}

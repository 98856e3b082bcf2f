using FeatureActors.Abstractions.Features;
using FeatureActors.Abstractions.Rows;
using FeatureActors.Core.Decoding;
using static FeatureActors.Abstractions.Rows.FieldType;

namespace FeatureActors.Core.Expressions;

/// <summary>
/// Time functions over Unix milliseconds, in UTC or in a zone of the IANA database. The zone and the unit have to be constants: they
/// are looked up once. A time outside the years 0001 to 9999 gives NULL.
/// </summary>
internal static class TimeFunctions
{
    public static IReadOnlyList<IScalarFunction> All { get; } =
    [
        new PartFunction("YEAR", static time => time.Year),
        new PartFunction("QUARTER", static time => ((time.Month - 1) / 3) + 1),
        new PartFunction("MONTH", static time => time.Month),
        new PartFunction("DAY_OF_MONTH", static time => time.Day),
        new PartFunction("DAY_OF_YEAR", static time => time.DayOfYear),
        new PartFunction("DAY_OF_WEEK", static time => time.DayOfWeek == DayOfWeek.Sunday ? 7 : (long)time.DayOfWeek),
        new PartFunction("HOUR", static time => time.Hour),
        new PartFunction("MINUTE", static time => time.Minute),
        new PartFunction("SECOND", static time => time.Second),
        new TruncateFunction(),
        new BuiltInFunction("PARSE_TIME", BuiltInFunction.Of(Long, static (scoped in RowView a, ref ScalarResult r) =>
        {
            if (IsoTime.TryParse(a.GetUtf8(0), out long ms))
            {
                r.SetInt64(ms);
            }
        }, FieldType.String)),
    ];

    /// <summary>The zone that a constant argument names; an error otherwise.</summary>
    private static ScalarBinding? RefuseZone(IReadOnlyList<ScalarArgument> arguments, int index, out ZoneClock zone)
    {
        zone = ZoneClock.Utc;
        if (arguments.Count <= index)
        {
            return null;
        }

        if (arguments[index] is not { IsConstant: true, Constant: string name })
        {
            return ScalarBinding.Refuse(index, "the zone must be a constant string", "for example 'Asia/Shanghai'");
        }

        ZoneClock? found = ZoneClock.Find(name);
        if (found is null)
        {
            return ScalarBinding.Refuse(index, $"unknown time zone '{name}'", "use an IANA name such as 'Europe/Paris', or 'UTC'");
        }

        zone = found;
        return null;
    }

    private sealed class PartFunction(string name, Func<DateTime, long> part) : IScalarFunction
    {
        public string Name => name;

        public IReadOnlyList<ScalarSignature> Signatures { get; } =
            [new ScalarSignature([Long], Long), new ScalarSignature([Long, FieldType.String], Long)];

        public ScalarBinding Bind(int signature, IReadOnlyList<ScalarArgument> arguments) =>
            RefuseZone(arguments, 1, out ZoneClock zone) ?? ScalarBinding.To(new Evaluator(zone, part));

        private sealed class Evaluator(ZoneClock zone, Func<DateTime, long> part) : IScalarEvaluator
        {
            public void Evaluate(scoped in RowView arguments, ref ScalarResult result)
            {
                if (zone.TryToLocal(arguments.GetInt64(0), out DateTime local))
                {
                    result.SetInt64(part(local));
                }
            }
        }
    }

    private sealed class TruncateFunction : IScalarFunction
    {
        private static readonly string[] Units = ["second", "minute", "hour", "day", "week", "month", "quarter", "year"];

        public string Name => "DATE_TRUNC";

        public IReadOnlyList<ScalarSignature> Signatures { get; } =
            [new ScalarSignature([FieldType.String, Long], Long), new ScalarSignature([FieldType.String, Long, FieldType.String], Long)];

        public ScalarBinding Bind(int signature, IReadOnlyList<ScalarArgument> arguments)
        {
            string? unit = arguments[0] is { IsConstant: true, Constant: string text } ? text.ToLowerInvariant() : null;
            if (!Units.Contains(unit))
            {
                return ScalarBinding.Refuse(
                    0, unit is null ? "the unit must be a constant string" : $"unknown unit '{unit}'", $"units are {string.Join(", ", Units)}");
            }

            return RefuseZone(arguments, 2, out ZoneClock zone) ?? ScalarBinding.To(new Evaluator(zone, Array.IndexOf(Units, unit)));
        }

        private sealed class Evaluator(ZoneClock zone, int unit) : IScalarEvaluator
        {
            public void Evaluate(scoped in RowView arguments, ref ScalarResult result)
            {
                long ms = arguments.GetInt64(1);
                if (!zone.TryToLocal(ms, out DateTime local))
                {
                    return;
                }

                // Up to the hour the offset of the moment itself holds; a day may begin under another offset.
                DateTime start = unit switch
                {
                    0 => local.AddTicks(-(local.Ticks % TimeSpan.TicksPerSecond)),
                    1 => local.AddTicks(-(local.Ticks % TimeSpan.TicksPerMinute)),
                    2 => local.AddTicks(-(local.Ticks % TimeSpan.TicksPerHour)),
                    3 => local.Date,
                    4 => local.Date.Ticks < 7 * TimeSpan.TicksPerDay ? DateTime.MinValue : local.Date.AddDays(-(((int)local.DayOfWeek + 6) % 7)),
                    5 => new DateTime(local.Year, local.Month, 1),
                    6 => new DateTime(local.Year, (((local.Month - 1) / 3) * 3) + 1, 1),
                    _ => new DateTime(local.Year, 1, 1),
                };
                result.SetInt64(unit <= 2 ? ms - ((local - start).Ticks / TimeSpan.TicksPerMillisecond) : zone.ToUnixMs(start));
            }
        }
    }
}

using FeatureActors.Abstractions.Features;
using Samples.Plugins.Trend;

namespace FeatureActors.SamplePlugins.Tests;

public sealed class TrendTests
{
    [Theory]
    [InlineData("10 11 12 13", "")]
    [InlineData("10 12 11 9", "9")]
    [InlineData("10 20 17 16 15", "16")]
    [InlineData("10 20 16 20 24", "16 20")]
    [InlineData("10 0 5", "0 5")]
    [InlineData("10 - 5", "5")]
    public void It_fires_where_the_trend_turns_by_a_fifth(string values, string expected)
    {
        var fired = new List<string>();
        byte[] state = new byte[Trigger.StateBytes];
        foreach (string value in values.Split(' '))
        {
            if (Trigger.Fires(new TriggerValues(new OneField(value == "-" ? double.NaN : double.Parse(value, System.Globalization.CultureInfo.InvariantCulture)), [0], 0, true), state))
            {
                fired.Add(value);
            }
        }

        Assert.Equal(expected, string.Join(' ', fired));
    }

    [Fact]
    public void A_changed_group_is_looked_at_after_the_stated_time() => Assert.Equal(1_500, Trigger.NextEvaluationMs(new TriggerInput(1_000, long.MinValue)));

    private static IValueTrigger Trigger { get; } = (IValueTrigger)new TrendTriggerType().Bind(new Settings())!;

    private sealed class OneField(double value) : IEvaluatedFields
    {
        public FeatureValueKind KindOf(int field) => double.IsNaN(value) ? FeatureValueKind.Absent : FeatureValueKind.Number;

        public double NumberOf(int field) => value;

        public ReadOnlySpan<byte> TextOf(int field) => default;
    }

    private sealed class Settings : TriggerBinding
    {
        public override string GroupName => "g";

        public override TriggerField? RequiredField(string key, bool mustBeNumber) => new TriggerField(0, "f:1h", true);

        public override TriggerCondition? RequiredCondition(string key) => null;

        public override long Integer(string key, long? defaultValue, long min, long max) => defaultValue ?? min;

        public override double Number(string key, double? defaultValue, double min, double max) => key == "by" ? 0.2 : defaultValue ?? min;

        public override bool Flag(string key, bool defaultValue) => defaultValue;

        public override long DurationMs(string key, long? defaultValue, long minMs, long maxMs) => key == "coalesce" ? 500 : defaultValue ?? minMs;

        public override string Word(string key, string? defaultValue, params ReadOnlySpan<string> words) => defaultValue ?? words[0];

        public override string Text(string key, string? defaultValue) => defaultValue ?? "";

        public override bool Has(string key) => true;

        public override void Error(string key, string message, string? hint = null) => throw new InvalidOperationException($"{key}: {message}");
    }
}

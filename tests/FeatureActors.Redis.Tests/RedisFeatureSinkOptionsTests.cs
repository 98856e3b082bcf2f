namespace FeatureActors.Redis.Tests;

public sealed class RedisFeatureSinkOptionsTests
{
    [Theory]
    [InlineData("")]
    [InlineData("localhost:6379,hush=s3cret-word,password")]
    public void A_connection_string_that_cannot_be_read_is_refused_without_showing_it(string text)
    {
        var error = Assert.ThrowsAny<ArgumentException>(() => Open(new() { ConnectionString = text }));
        Assert.DoesNotContain("s3cret-word", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_password_source_is_named()
    {
        Assert.Contains(
            "/none/such", Assert.Throws<ArgumentException>(() => Open(new() { PasswordFile = "/none/such" })).Message, StringComparison.Ordinal);
        Assert.Contains(
            "NONE_SUCH", Assert.Throws<ArgumentException>(() => Open(new() { PasswordEnvironment = "NONE_SUCH" })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Times_that_are_not_positive_are_refused()
    {
        Assert.ThrowsAny<ArgumentException>(() => Open(new() { ConnectTimeout = TimeSpan.Zero }));
        Assert.ThrowsAny<ArgumentException>(() => Open(new() { CommandTimeout = TimeSpan.Zero }));
        Assert.ThrowsAny<ArgumentException>(() => Open(new() { Database = -1 }));
    }

    private static RedisFeatureSink Open(RedisSinkOptions options) => new("t", options, TimeProvider.System);
}

using StackExchange.Redis;

namespace FeatureActors.Redis;

/// <summary>What the sink and the reader have in common: how text and secrets become the vendor's options.</summary>
internal static class RedisConfiguration
{
    /// <summary>Builds the options of a connection of its own that keeps trying, also when Redis is down at start.</summary>
    /// <exception cref="ArgumentException">The text names no server, or the password's source is missing; never shows the text itself.</exception>
    public static ConfigurationOptions Build(
        string connectionString, string? password, string? passwordFile, string? passwordEnvironment, int database, bool tls, TimeSpan connectTimeout)
    {
        ConfigurationOptions configuration;
        try
        {
            configuration = ConfigurationOptions.Parse(connectionString);
        }
        catch (Exception e) when (e is ArgumentException or FormatException)
        {
            // The parser's own message may quote the text, and the text may hold a password.
            throw new ArgumentException(
                "could not read the Redis connection string; write host:port, further options behind commas", nameof(connectionString));
        }

        if (configuration.EndPoints.Count == 0)
        {
            throw new ArgumentException("the Redis connection string names no server; write host:port", nameof(connectionString));
        }

        configuration.SetDefaultPorts();
        configuration.AbortOnConnectFail = false;
        configuration.ConnectTimeout = (int)connectTimeout.TotalMilliseconds;
        configuration.Password = ReadPassword(password, passwordFile, passwordEnvironment) ?? configuration.Password;
        configuration.DefaultDatabase = database;
        configuration.Ssl |= tls;

        // One server, one connection: no election key, no broadcast channel, no second socket for subscriptions.
        configuration.TieBreaker = "";
        configuration.ConfigurationChannel = "";
        configuration.CommandMap = CommandMap.Create(["SUBSCRIBE", "PSUBSCRIBE"], available: false);
        return configuration;
    }

    private static string? ReadPassword(string? password, string? file, string? environment)
    {
        if (!string.IsNullOrEmpty(password))
        {
            return password;
        }

        if (!string.IsNullOrEmpty(file))
        {
            try
            {
                return File.ReadAllText(file).TrimEnd('\r', '\n');
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new ArgumentException($"could not read the Redis password file {file}: {e.Message}", nameof(file), e);
            }
        }

        return string.IsNullOrEmpty(environment)
            ? null
            : Environment.GetEnvironmentVariable(environment)
                ?? throw new ArgumentException($"the environment variable {environment} for the Redis password is not set", nameof(environment));
    }
}

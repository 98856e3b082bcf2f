using System.Net;
using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Node.Options;

/// <content>The sections <c>fa.http</c> and <c>fa.otlp</c>.</content>
internal static partial class NodeOptionsBinder
{
    // Guessing a shorter one over the network is a matter of days.
    private const int TokenCharactersMin = 16;

    private static HttpSection BindHttp(ConfigReader reader)
    {
        var defaults = new HttpSection();
        var section = new HttpSection
        {
            Enabled = reader.BooleanOr("enabled", defaults.Enabled),
            Host = NotEmpty(reader, "host") ?? defaults.Host,
            Port = reader.IntOr("port", defaults.Port, 0, 65_535),
            Advertise = NotEmpty(reader, "advertise"),
            Token = reader.OptionalString("token"),
            TokenFile = ExistingFile(reader, "token-file"),
            CertificateFile = ExistingFile(reader, "certificate-file"),
            KeyFile = ExistingFile(reader, "key-file"),
            ForwardTimeout = Duration(reader, "forward-timeout", defaults.ForwardTimeout, 10, 60_000),
        };
        CheckAccess(reader, section);
        if (section.CertificateFile is null != section.KeyFile is null)
        {
            reader.Optional(section.KeyFile is null ? "certificate-file" : "key-file")!.Error("certificate-file and key-file come together");
        }

        if (section.Advertise is { } advertise && !Uri.TryCreate("http://" + advertise, UriKind.Absolute, out _))
        {
            reader.Optional("advertise")!.Error($"'{advertise}' is no address", "write host:port");
        }

        reader.RejectUnknown();
        return section;
    }

    private static OtlpSection BindOtlp(ConfigReader reader)
    {
        var defaults = new OtlpSection();
        var section = new OtlpSection
        {
            Endpoint = NotEmpty(reader, "endpoint"),
            Protocol = reader.WordOr("protocol", defaults.Protocol, ["grpc", "http"]),
            Interval = Duration(reader, "interval", defaults.Interval, 1_000, Hours(1)),
            Timeout = Duration(reader, "timeout", defaults.Timeout, 100, 60_000),
            HeadersFile = ExistingFile(reader, "headers-file"),
        };
        if (section.Endpoint is { } endpoint && !(Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"))
        {
            reader.Optional("endpoint")!.Error("is no address of a collector", "write \"http://collector:4317\", or with protocol = http \"http://collector:4318/v1/metrics\"");
        }

        reader.RejectUnknown();
        return section;
    }

    private static void CheckAccess(ConfigReader reader, HttpSection section)
    {
        if (section.Host != "localhost" && !IPAddress.TryParse(section.Host, out _))
        {
            reader.Optional("host")!.Error($"'{section.Host}' is no address to listen on", "write an IP address: \"127.0.0.1\", or \"0.0.0.0\" for all");
            return;
        }

        string? token = section.TokenFile is { } file && !File.Exists(file) ? null : section.ReadToken();
        if (token is not null && token.Length < TokenCharactersMin)
        {
            reader.Optional(section.Token is null ? "token-file" : "token")!.Error($"the token has fewer than {TokenCharactersMin} characters", "openssl rand -hex 32 makes one");
        }
        else if (section.Enabled && token is null && !IPAddress.IsLoopback(HttpSection.AddressOf(section.Host)))
        {
            reader.Optional("host")!.Error($"{section.Host} can be reached from other machines, and no token is asked for", "write token-file = \"…\", or listen on 127.0.0.1");
        }
    }
}

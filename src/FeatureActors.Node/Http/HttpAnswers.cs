using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace FeatureActors.Node.Http;

/// <summary>Forms of answers.</summary>
internal static class HttpAnswers
{
    /// <summary>Content type of JSON.</summary>
    public const string Json = "application/json; charset=utf-8";

    /// <summary>Answers JSON that is complete.</summary>
    public static async Task JsonAsync(HttpContext context, ReadOnlyMemory<byte> json)
    {
        context.Response.ContentType = Json;
        context.Response.ContentLength = json.Length;
        await context.Response.Body.WriteAsync(json, context.RequestAborted).ConfigureAwait(false);
    }

    /// <summary>Answers <c>{"error": …}</c>; one that may be asked again says when.</summary>
    public static Task RefuseAsync(HttpContext context, int status, string error)
    {
        context.Response.StatusCode = status;
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = 1.ToString(CultureInfo.InvariantCulture);
        }

        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("error"u8, error);
            json.WriteEndObject();
        }

        return JsonAsync(context, stream.ToArray());
    }
}

namespace FeatureActors.Abstractions.Rows;

/// <summary>
/// Turns the bytes of one event into cells. A pure function of the bytes and of the options it was built with, so that a replay
/// gives the same rows. It reports bad data as a result and never throws for it. An instance keeps scratch memory and is used
/// by one thread at a time; after warm-up it allocates nothing.
/// </summary>
public interface IEventDecoder
{
    /// <summary>
    /// Decodes <paramref name="message"/> into <paramref name="target"/>, which was created for as many fields as the decoder has.
    /// On an error the content of <paramref name="target"/> is undefined until the next call.
    /// </summary>
    DecodeResult Decode(ReadOnlySpan<byte> message, DecodedEvent target);
}

using System.Text;
using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Hocon.Syntax;

/// <summary>Path expressions: keys and the insides of substitutions.</summary>
internal sealed partial class SyntaxReader
{
    // Reads elements separated by dots up to what cannot belong to a path; null after an error.
    private List<(string Key, ConfigPosition Position)>? ReadPath(bool isSubstitution)
    {
        var keys = new List<(string, ConfigPosition)>();
        var element = new StringBuilder();
        bool hasText = false;
        ConfigPosition start = Here;
        ConfigPosition elementStart = start;
        while (true)
        {
            int spaceStart = _at;
            SkipSpaces();
            string space = text[spaceStart.._at];
            if (Current == '"')
            {
                elementStart = hasText ? elementStart : Here;
                if (ReadKeyQuoted() is not { } quoted)
                {
                    return null;
                }

                element.Append(hasText ? space : "").Append(quoted);
                hasText = true;
            }
            else if (Current == '.')
            {
                if (!hasText)
                {
                    Error(Here, "a path element is empty", "write \"\" for an empty key");
                    return null;
                }

                keys.Add((element.Append(space).ToString(), elementStart));
                element.Clear();
                hasText = false;
                _at++;
            }
            else if (IsUnquotedChar())
            {
                elementStart = hasText ? elementStart : Here;
                int from = _at;
                while (IsUnquotedChar() && Current != '.')
                {
                    _at++;
                }

                // White space between the parts of one element belongs to it; around the path it does not.
                element.Append(hasText || keys.Count > 0 ? space : "").Append(text, from, _at - from);
                hasText = true;
            }
            else
            {
                break;
            }
        }

        if (!hasText)
        {
            ReportMissingElement(start, keys.Count > 0, isSubstitution);
            return null;
        }

        keys.Add((element.ToString(), elementStart));
        return keys;
    }

    private void ReportMissingElement(ConfigPosition start, bool endsInDot, bool isSubstitution)
    {
        if (endsInDot)
        {
            Error(Here, "a path must not end in a dot", "write \"\" for an empty key");
        }
        else if (isSubstitution)
        {
            Error(start, "a substitution needs a path", "write ${path} or ${?path}");
        }
        else
        {
            Error(start, AtEnd ? "a key is missing" : $"'{Current}' is not allowed in a key", "put the key in double quotes");
        }
    }

    private string? ReadKeyQuoted()
    {
        if (text.AsSpan(_at).StartsWith(TripleQuote) && Next(3) != End)
        {
            return ReadTripleQuoted(Here)?.Text;
        }

        return ReadQuoted()?.Text;
    }
}

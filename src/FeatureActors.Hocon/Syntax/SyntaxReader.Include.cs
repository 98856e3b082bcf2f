using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Hocon.Syntax;

/// <summary>Include statements.</summary>
internal sealed partial class SyntaxReader
{
    private const string IncludeWord = "include";
    private const string IncludeHint = "write include \"file\", include file(\"file\") or include required(file(\"file\"))";

    // "include" without quotes at the start of a key, as a word of its own.
    private bool IsIncludeStatement()
    {
        if (!text.AsSpan(_at).StartsWith(IncludeWord))
        {
            return false;
        }

        char after = Next(IncludeWord.Length);
        return after is End or '\n' or '"' || IsSpace(after);
    }

    private void ReadInclude(SyntaxObject target)
    {
        ConfigPosition statement = Here;
        int errors = files.Errors.Count;
        ReadIncludeBehind(target, statement);
        files.MayMissKeys |= files.Errors.Count > errors;
    }

    private void ReadIncludeBehind(SyntaxObject target, ConfigPosition statement)
    {
        _at += IncludeWord.Length;
        SkipSpaces();
        bool isRequired = ReadWordAndOpen("required");
        string? kind = null;
        ConfigPosition kindPosition = Here;
        foreach (string word in (ReadOnlySpan<string>)["file", "url", "classpath", "package"])
        {
            if (ReadWordAndOpen(word))
            {
                kind = word;
                break;
            }
        }

        if (kind is not (null or "file"))
        {
            Error(kindPosition, $"include {kind}(…) is not supported", "only files can be included: include file(\"…\")");
            SkipParentheses();
            return;
        }

        if (Current != '"')
        {
            string hint = Current is '=' or ':' or '{' ? "put the key in double quotes: \"include\"" : IncludeHint;
            Error(statement, "include needs a file name in double quotes", hint);
            Recover();
            return;
        }

        ConfigPosition namePosition = Here;
        if (ReadQuoted()?.Text is not { } name)
        {
            Recover();
            return;
        }

        for (int i = 0; i < (isRequired ? 1 : 0) + (kind is null ? 0 : 1); i++)
        {
            SkipSpaces();
            if (Current != ')')
            {
                Error(Here, "a closing parenthesis is missing", IncludeHint);
                Recover();
                return;
            }

            _at++;
        }

        Include(target, name, namePosition, isRequired);
    }

    private void SkipParentheses()
    {
        while (!AtEnd && Current is not ('\n' or ')'))
        {
            if (Current == '"')
            {
                SkipQuoted();
            }
            else
            {
                _at++;
            }
        }

        while (Current == ')' || (!AtEnd && IsSpace(Current)))
        {
            _at++;
        }
    }

    private bool ReadWordAndOpen(string word)
    {
        int at = _at;
        if (text.AsSpan(_at).StartsWith(word))
        {
            _at += word.Length;
            SkipSpaces();
            if (Current == '(')
            {
                _at++;
                SkipSpaces();
                return true;
            }
        }

        _at = at;
        return false;
    }

    private void Include(SyntaxObject target, string name, ConfigPosition position, bool isRequired)
    {
        if (name.Length == 0 || name.Contains('\0', StringComparison.Ordinal))
        {
            Error(position, "this is no file name");
            return;
        }

        if (name.Contains("://", StringComparison.Ordinal))
        {
            Error(position, "include of a URL is not supported", "only files can be included: include file(\"…\")");
            return;
        }

        if (name.EndsWith(".properties", StringComparison.OrdinalIgnoreCase))
        {
            Error(position, "include of a .properties file is not supported", "only HOCON and JSON files can be included");
            return;
        }

        string path = Path.Combine(Path.GetDirectoryName(fileName) ?? "", name);
        var inner = new IncludeScope(_arrays > 0 ? null : [.. _path], _depth, scope);
        string[] candidates = Candidates(path);
        bool isFound = false;
        foreach (string candidate in candidates)
        {
            if (File.Exists(candidate) || (isRequired && candidates.Length == 1))
            {
                isFound = true;
                if (files.ReadFile(candidate, inner, position, isRequired) is { } included)
                {
                    target.Include(included);
                }
            }
        }

        if (!isFound && isRequired)
        {
            Error(position, $"could not read {path}: there is no {path}, {string.Join(" or ", candidates.Skip(1))}");
        }
    }

    // A name without a known ending stands for the file itself, and for name.json overlaid by name.conf.
    private static string[] Candidates(string path) =>
        Path.GetExtension(path) is ".conf" or ".json" or ".hocon" ? [path] : [path, path + ".json", path + ".conf"];
}

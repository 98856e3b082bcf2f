using System.Buffers;
using FeatureActors.Abstractions.Configuration;

namespace FeatureActors.Hocon.Syntax;

/// <summary>
/// Reads the text of one file into a <see cref="SyntaxObject"/>, as the HOCON specification says. After a mistake it goes on
/// behind the line or bracket that holds it, so that one run reports as many mistakes as possible.
/// </summary>
internal sealed partial class SyntaxReader(string text, string fileName, FileSet files, IncludeScope? scope)
{
    private const char End = '\0';

    // What may not stand in a text without quotes. "//" ends it too.
    private static readonly SearchValues<char> Reserved = SearchValues.Create("$\"{}[]:=,+#`^?!@*&\\");

    private readonly List<string> _path = [.. scope?.Path ?? []];
    private int _at;
    private int _lineStart;
    private int _line = 1;
    private int _depth = scope?.Depth ?? 0;
    private int _arrays;

    /// <summary>Reads the whole file.</summary>
    public SyntaxObject ReadRoot()
    {
        SkipBlank();
        if (Current == '[')
        {
            Error(Here, "the outermost value must be an object, not an array");
            return new SyntaxObject(Here, isImplicit: true);
        }

        SyntaxObject root;
        if (Current == '{')
        {
            root = ReadObject();
            SkipBlank();
            if (!AtEnd)
            {
                Error(Here, "nothing may follow the closing brace of the outermost object");
            }

            return root;
        }

        root = new SyntaxObject(Here, isImplicit: true);
        ReadFields(root, null);
        return root;
    }

    private bool AtEnd => _at >= text.Length;

    private char Current => _at < text.Length ? text[_at] : End;

    private ConfigPosition Here => new(fileName, _line, _at - _lineStart + 1);

    private SyntaxObject ReadObject()
    {
        ConfigPosition open = Here;
        Enter(open);
        _at++;
        var value = new SyntaxObject(open, isImplicit: false);
        ReadFields(value, open);
        _depth--;
        return value;
    }

    // Reads fields up to and with the closing brace, or to the end of the file when there was no opening one.
    private void ReadFields(SyntaxObject target, ConfigPosition? open)
    {
        bool mayHaveComma = false;
        while (true)
        {
            SkipBlank();
            if (AtEnd)
            {
                if (open is { } brace)
                {
                    Error(brace, "this brace is never closed", "close it with }");
                }

                return;
            }

            switch (Current)
            {
                case '}' when open is not null:
                    _at++;
                    return;
                case ',' when mayHaveComma:
                    _at++;
                    mayHaveComma = false;
                    continue;
                case ',':
                    Error(Here, "a comma needs a field before it");
                    _at++;
                    continue;
                case '}' or ']':
                    Error(Here, $"'{Current}' closes nothing");
                    _at++;
                    continue;
            }

            if (IsIncludeStatement())
            {
                ReadInclude(target);
            }
            else
            {
                ReadField(target);
            }

            mayHaveComma = true;
            ExpectEndOfItem('}', open is null);
        }
    }

    private void ReadField(SyntaxObject target)
    {
        ConfigPosition keyPosition = Here;
        List<(string Key, ConfigPosition Position)>? keys = ReadPath(isSubstitution: false);
        if (keys is null)
        {
            files.MayMissKeys = true;
            Recover();
            return;
        }

        if (_depth + keys.Count > files.Options.DepthMax)
        {
            TooDeep(keyPosition);
        }

        SkipBlank();
        ConfigPosition separator = Here;
        bool appends = false;
        if (Current == '+' && Next(1) == '=')
        {
            appends = true;
            _at += 2;
        }
        else if (Current is ':' or '=')
        {
            _at++;
        }
        else if (Current != '{')
        {
            files.MayMissKeys = true;
            Error(keyPosition, $"'{string.Join('.', keys.Select(key => key.Key))}' has no value", "write key = value");
            RecoverFrom(separator);
            return;
        }

        foreach ((string key, _) in keys)
        {
            _path.Add(key);
        }

        // The innermost key of a path opens no object of its own; its value counts for itself.
        _depth += keys.Count - 1;
        SyntaxValue? value = ReadFieldValue(separator, keys);
        if (value is not null && appends)
        {
            value = AppendTo(value, separator);
        }

        _depth -= keys.Count - 1;
        _path.RemoveRange(_path.Count - keys.Count, keys.Count);

        // A broken value still defines its key: substitutions of it are no second mistake.
        value ??= new SyntaxScalar(new ConfigScalar(separator, null, false, separator));
        Define(target, keys, value);
    }

    private SyntaxValue? ReadFieldValue(ConfigPosition separator, List<(string Key, ConfigPosition Position)> keys)
    {
        SkipBlank();
        bool isOnLaterLine = _line > separator.Line;
        (int at, int line, int lineStart) = (_at, _line, _lineStart);
        int errors = files.Errors.Count;
        SyntaxValue? value = ReadValue();
        bool isNextField = isOnLaterLine && (Current is '=' or ':' || (Current == '+' && Next(1) == '='));
        if (value is not null && !isNextField)
        {
            return value;
        }

        if (isNextField)
        {
            // "a =" without a value swallowed the key of the next line; give it back.
            (_at, _line, _lineStart) = (at, line, lineStart);
            files.Errors.RemoveRange(errors, files.Errors.Count - errors);
            Error(separator, $"'{keys[^1].Key}' has no value", "write a value behind it on the same line, or \"\"");
            _valueGivenBack = true;
        }
        else if (files.Errors.Count == errors && (AtEnd || Current is '\n' or ',' or '}' or ']'))
        {
            // Anything else that stands here is reported as what may not follow.
            Error(separator, $"'{keys[^1].Key}' has no value", "write a value, or \"\"");
        }

        return null;
    }

    private SyntaxConcatenation? AppendTo(SyntaxValue value, ConfigPosition separator)
    {
        if (_arrays > 0)
        {
            Error(separator, "+= cannot be used inside an array", "write the whole array");
            return null;
        }

        var before = new SyntaxSubstitution(value.Position, [.. _path], [], isOptional: true, isAppend: true);
        var added = new SyntaxArray(value.Position, [Slot.Of(value)]);
        return new SyntaxConcatenation(
            value.Position, [new SyntaxPiece(Slot.Of(before), ""), new SyntaxPiece(Slot.Of(added), "")]);
    }

    private static void Define(SyntaxObject target, List<(string Key, ConfigPosition Position)> keys, SyntaxValue value)
    {
        for (int i = keys.Count - 1; i > 0; i--)
        {
            var parent = new SyntaxObject(keys[i].Position, isImplicit: true);
            parent.Define(keys[i].Key, new Definition(keys[i].Position, value));
            value = parent;
        }

        target.Define(keys[0].Key, new Definition(keys[0].Position, value));
    }

    private SyntaxArray ReadArray()
    {
        ConfigPosition open = Here;
        Enter(open);
        _arrays++;
        _at++;
        var items = new List<Slot>();
        bool mayHaveComma = false;
        while (true)
        {
            SkipBlank();
            if (AtEnd || Current == '}')
            {
                Error(open, "this bracket is never closed", "close it with ]");
                break;
            }

            if (Current == ']')
            {
                _at++;
                break;
            }

            if (Current == ',')
            {
                if (!mayHaveComma)
                {
                    Error(Here, "a comma needs an item before it");
                }

                mayHaveComma = false;
                _at++;
                continue;
            }

            ConfigPosition start = Here;
            int errors = files.Errors.Count;
            if (ReadValue() is { } item)
            {
                items.Add(Slot.Of(item));
            }
            else if (files.Errors.Count == errors)
            {
                Error(start, $"'{Current}' is not allowed here");
                Recover();
            }

            mayHaveComma = true;
            ExpectEndOfItem(']', mayEnd: false);
        }

        _arrays--;
        _depth--;
        return new SyntaxArray(open, items);
    }

    // Behind a field or item stands a new line, a comma or the closing bracket.
    private void ExpectEndOfItem(char close, bool mayEnd)
    {
        if (_valueGivenBack)
        {
            _valueGivenBack = false;
            return;
        }

        int line = _line;
        SkipSpaces();
        if (AtEnd || Current is '\n' or ',' or '#' || Current == close || IsCommentStart() || line != _line)
        {
            return;
        }

        if (mayEnd && Current == '}')
        {
            return;
        }

        if (Current is '}' or ']')
        {
            // The enclosing reader says what is wrong with it.
            return;
        }

        Error(Here, $"'{Current}' is not allowed here", ReservedHint(Current));
        Recover();
    }

    private void Enter(ConfigPosition position)
    {
        if (++_depth > files.Options.DepthMax)
        {
            TooDeep(position);
        }
    }

    private void TooDeep(ConfigPosition position)
    {
        Error(position, $"the nesting is deeper than {files.Options.DepthMax} levels");
        throw new SyntaxAbortException();
    }

    private void Error(ConfigPosition position, string message, string? hint = null) => files.Error(position, message, hint);
}

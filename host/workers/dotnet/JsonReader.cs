// Reads JSON, bounded in depth and values; what values become is in Input.cs.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Mayfly
{
    /// <summary>A text that is not JSON, or too deep or too finely divided.</summary>
    public sealed class JsonException : Exception
    {
        public JsonException(string message) : base(message) { }
    }

    public sealed class JsonReader
    {
        // A message is an object around arguments, which may be 128 deep as everywhere in Mayfly.
        private const int MaxDepth = 129;
        private const int MaxValues = 1000000;

        private readonly string text;
        private readonly bool asIs;
        private int at;
        private int depth;
        private int values;

        /// <summary>With `asIs` numbers stay text and tags are objects like others: no value is refused.</summary>
        public JsonReader(string text, bool asIs = false)
        {
            this.text = text;
            this.asIs = asIs;
        }

        /// <summary>Reads an object key by key: `member` is given each key and reads the value.</summary>
        public void Object(Action<string> member)
        {
            Open('{');
            if (!Take('}'))
            {
                do
                {
                    Next();
                    string key = Text();
                    Expect(':');
                    member(key);
                }
                while (Take(','));
                Expect('}');
            }
            depth--;
        }

        /// <summary>Reads any value, as .NET has it for edge-js.</summary>
        public object Value()
        {
            if (++values > MaxValues)
            {
                throw Wrong("more than " + MaxValues + " values");
            }
            switch (Next())
            {
                case '{': return Members();
                case '[': return Items();
                case '"': return Text();
                case 't': return Word("true", true);
                case 'f': return Word("false", false);
                case 'n': return Word("null", null);
                default: return asIs ? Digits() : Input.Number(Digits());
            }
        }

        public void End()
        {
            Next();
            if (at < text.Length)
            {
                throw Wrong("expected the end");
            }
        }

        /// <summary>Reads a text.</summary>
        public string Text()
        {
            Expect('"');
            int from = at;
            while (at < text.Length && text[at] != '"' && text[at] != '\\' && text[at] >= ' ')
            {
                at++;
            }
            if (at < text.Length && text[at] == '"')
            {
                return text.Substring(from, at++ - from);
            }
            var read = new StringBuilder(text, from, at - from, Math.Max(16, 2 * (at - from)));
            while (true)
            {
                char next = Here();
                if (next < ' ')
                {
                    throw Wrong(at < text.Length ? "a control character in text" : "text without an end");
                }
                at++;
                if (next == '"')
                {
                    return read.ToString();
                }
                read.Append(next == '\\' ? Escape() : next);
            }
        }

        /// <summary>Reads a number's digits.</summary>
        public string Digits()
        {
            Next();
            int from = at;
            Skip('-');
            if (!Skip('0'))
            {
                Run();
            }
            if (Skip('.'))
            {
                Run();
            }
            if (Skip('e') || Skip('E'))
            {
                if (!Skip('+'))
                {
                    Skip('-');
                }
                Run();
            }
            return text.Substring(from, at - from);
        }

        private object Members()
        {
            var members = new List<KeyValuePair<string, object>>();
            Object(key => members.Add(new KeyValuePair<string, object>(key, Value())));
            return asIs ? members : Input.Object(members);
        }

        private object Items()
        {
            var items = new List<object>();
            Open('[');
            if (!Take(']'))
            {
                do
                {
                    items.Add(Value());
                }
                while (Take(','));
                Expect(']');
            }
            depth--;
            return items.ToArray();
        }

        private void Open(char bracket)
        {
            if (++depth > MaxDepth)
            {
                throw Wrong("nested more than 128 levels deep");
            }
            Expect(bracket);
        }

        private object Word(string word, object value)
        {
            if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0)
            {
                throw Wrong("expected a value");
            }
            at += word.Length;
            return value;
        }

        private char Escape()
        {
            char escape = Here();
            at++;
            switch (escape)
            {
                case '"': case '\\': case '/': return escape;
                case 'b': return '\b';
                case 'f': return '\f';
                case 'n': return '\n';
                case 'r': return '\r';
                case 't': return '\t';
                case 'u':
                    ushort unit;
                    // Halves of a surrogate pair stand side by side in a text of .NET as they do in JSON.
                    if (at + 4 > text.Length
                        || !ushort.TryParse(text.Substring(at, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out unit))
                    {
                        throw Wrong("expected four hexadecimal digits");
                    }
                    at += 4;
                    return (char)unit;
                default: throw Wrong("unknown escape");
            }
        }

        private char Here()
        {
            return at < text.Length ? text[at] : '\0';
        }

        private char Next()
        {
            while (at < text.Length && (text[at] == ' ' || text[at] == '\t' || text[at] == '\r' || text[at] == '\n'))
            {
                at++;
            }
            return Here();
        }

        private bool Skip(char wanted)
        {
            if (Here() != wanted)
            {
                return false;
            }
            at++;
            return true;
        }

        private bool Take(char wanted)
        {
            Next();
            return at < text.Length && Skip(wanted);
        }

        private void Expect(char wanted)
        {
            if (!Take(wanted))
            {
                throw Wrong("expected `" + wanted + "`");
            }
        }

        private void Run()
        {
            int from = at;
            while (at < text.Length && text[at] >= '0' && text[at] <= '9')
            {
                at++;
            }
            if (at == from)
            {
                throw Wrong("expected a value");
            }
        }

        private JsonException Wrong(string problem)
        {
            return new JsonException("not JSON at character " + at + ": " + problem);
        }
    }
}

// What answers of .NET become in JSON: what edge-js gives JavaScript for them.
//
//   null, bool, string, char          null, true or false, text
//   short, ushort, int, uint, long, float, double   number; NaN and the infinities become null, as JSON.stringify writes them
//   decimal, ulong, byte, sbyte       text with all digits, as edge-js has it
//   DateTime                          {"$date": "…"}: local times in UTC, unspecified ones taken for UTC
//   byte[]                            {"$binary": "…"} in base64
//   Guid, Uri, enum, DateTimeOffset, TimeSpan   text
//   dictionaries with text or whole numbers as keys   object
//   everything else that can be enumerated    array
//   anything else, anonymous types included   object of its public properties and fields
using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Reflection;
using System.Text;
using System.Threading.Tasks;

namespace Mayfly
{
    /// <summary>An answer that JSON cannot hold.</summary>
    public sealed class OutputException : Exception
    {
        public OutputException(string message) : base(message) { }
    }

    public sealed class Output
    {
        private const int MaxDepth = 128;

        private static readonly Dictionary<Type, Member[]> Known = new Dictionary<Type, Member[]>();

        private readonly StringBuilder text;

        private Output(StringBuilder text)
        {
            this.text = text;
        }

        /// <summary>Appends a value.</summary>
        public static void Write(StringBuilder text, object value)
        {
            new Output(text).Any(value, 0);
        }

        /// <summary>Appends a text with its quotes.</summary>
        public static void Quote(StringBuilder text, string value)
        {
            text.Append('"');
            foreach (char character in value)
            {
                if (character == '"' || character == '\\')
                {
                    text.Append('\\').Append(character);
                }
                else if (character < ' ')
                {
                    text.Append("\\u").Append(((int)character).ToString("x4", CultureInfo.InvariantCulture));
                }
                else
                {
                    text.Append(character);
                }
            }
            text.Append('"');
        }

        private void Any(object value, int depth)
        {
            if (depth > MaxDepth)
            {
                throw new OutputException("the answer is nested more than " + MaxDepth + " levels deep, or an object in it refers to itself");
            }
            if (text.Length > Frames.MaxBytes)
            {
                throw new OutputException("the answer has more than " + Frames.MaxBytes + " bytes");
            }
            if (value == null || value is DBNull)
            {
                text.Append("null");
            }
            else if (!Plain(value) && !Tagged(value))
            {
                Compound(value, depth);
            }
        }

        private bool Plain(object value)
        {
            if (value.GetType().IsEnum)
            {
                Quote(text, value.ToString());
                return true;
            }
            switch (Type.GetTypeCode(value.GetType()))
            {
                case TypeCode.Boolean: text.Append((bool)value ? "true" : "false"); return true;
                case TypeCode.String: Quote(text, (string)value); return true;
                case TypeCode.Char: Quote(text, value.ToString()); return true;
                case TypeCode.Int16: case TypeCode.UInt16: case TypeCode.Int32: case TypeCode.UInt32: case TypeCode.Int64:
                    text.Append(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture));
                    return true;
                case TypeCode.Single: case TypeCode.Double: Real(Convert.ToDouble(value)); return true;
                case TypeCode.Decimal: case TypeCode.UInt64: case TypeCode.Byte: case TypeCode.SByte:
                    Quote(text, ((IFormattable)value).ToString(null, CultureInfo.InvariantCulture));
                    return true;
                default: return Named(value);
            }
        }

        private bool Named(object value)
        {
            if (value is DateTimeOffset)
            {
                Quote(text, ((DateTimeOffset)value).ToString("o", CultureInfo.InvariantCulture));
                return true;
            }
            if (value is Guid || value is Uri || value is TimeSpan || value is IntPtr || value is Type)
            {
                Quote(text, value.ToString());
                return true;
            }
            return false;
        }

        private void Real(double value)
        {
            bool finite = !double.IsNaN(value) && !double.IsInfinity(value);
            text.Append(finite ? value.ToString("R", CultureInfo.InvariantCulture) : "null");
        }

        private bool Tagged(object value)
        {
            var bytes = value as byte[];
            if (bytes != null)
            {
                text.Append("{\"").Append(Input.BinaryTag).Append("\":\"").Append(Convert.ToBase64String(bytes)).Append("\"}");
                return true;
            }
            if (value is DateTime)
            {
                var time = (DateTime)value;
                time = time.Kind == DateTimeKind.Local ? time.ToUniversalTime() : time;
                string fraction = time.Ticks % TimeSpan.TicksPerMillisecond == 0 ? "fff" : "fffffff";
                string written = time.ToString("yyyy-MM-ddTHH:mm:ss." + fraction + "Z", CultureInfo.InvariantCulture);
                text.Append("{\"").Append(Input.DateTag).Append("\":\"").Append(written).Append("\"}");
                return true;
            }
            return false;
        }

        private void Compound(object value, int depth)
        {
            if (value is Delegate)
            {
                throw new OutputException("the answer has a function in it, which cannot leave the process: answer with data");
            }
            if (value is Task)
            {
                throw new OutputException("the answer has a task in it: await it in the method");
            }
            var byText = value as IDictionary<string, object>;
            var anyDictionary = value as IDictionary;
            var sequence = value as IEnumerable;
            if (byText != null)
            {
                Object(byText, depth);
            }
            else if (anyDictionary != null)
            {
                Object(Entries(anyDictionary), depth);
            }
            else if (sequence != null)
            {
                Items(sequence, depth);
            }
            else
            {
                Object(Properties(value), depth);
            }
        }

        private void Items(IEnumerable items, int depth)
        {
            text.Append('[');
            bool first = true;
            foreach (object item in items)
            {
                Separate(ref first);
                Any(item, depth + 1);
            }
            text.Append(']');
        }

        private void Object(IEnumerable<KeyValuePair<string, object>> members, int depth)
        {
            text.Append('{');
            bool first = true;
            int keyAt = 0;
            string alone = null;
            foreach (var member in members)
            {
                alone = first ? member.Key : null;
                Separate(ref first);
                keyAt = text.Length;
                Quote(text, member.Key);
                text.Append(':');
                Any(member.Value, depth + 1);
            }
            if (alone != null && Input.LooksLikeTag(alone))
            {
                text.Insert(keyAt + 1, '$');
            }
            text.Append('}');
        }

        private void Separate(ref bool first)
        {
            if (!first)
            {
                text.Append(',');
            }
            first = false;
        }

        private static IEnumerable<KeyValuePair<string, object>> Entries(IDictionary dictionary)
        {
            foreach (DictionaryEntry entry in dictionary)
            {
                yield return new KeyValuePair<string, object>(Convert.ToString(entry.Key, CultureInfo.InvariantCulture), entry.Value);
            }
        }

        private static IEnumerable<KeyValuePair<string, object>> Properties(object value)
        {
            // Reflection refers to itself everywhere; edge-js leaves it empty, too.
            if ((value.GetType().FullName ?? "").StartsWith("System.Reflection", StringComparison.Ordinal))
            {
                yield break;
            }
            foreach (var member in MembersOf(value.GetType()))
            {
                yield return new KeyValuePair<string, object>(member.Name, member.Get(value));
            }
        }

        private static Member[] MembersOf(Type type)
        {
            lock (Known)
            {
                Member[] members;
                if (!Known.TryGetValue(type, out members))
                {
                    members = Member.Of(type);
                    Known[type] = members;
                }
                return members;
            }
        }

        /// <summary>A public property or field.</summary>
        private sealed class Member
        {
            public string Name;
            public Func<object, object> Get;

            public static Member[] Of(Type type)
            {
                const BindingFlags Public = BindingFlags.Instance | BindingFlags.Public;
                var members = new List<Member>();
                foreach (var field in type.GetFields(Public))
                {
                    members.Add(new Member { Name = field.Name, Get = field.GetValue });
                }
                foreach (var property in type.GetProperties(Public))
                {
                    var read = property.GetGetMethod();
                    if (read != null && read.GetParameters().Length == 0)
                    {
                        members.Add(new Member { Name = property.Name, Get = from => read.Invoke(from, null) });
                    }
                }
                return members.ToArray();
            }
        }
    }
}

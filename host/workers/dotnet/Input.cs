// What values of JSON become in .NET: what edge-js gives the methods that it calls.
//
//   object                 ExpandoObject: `input.name` by `dynamic`, and an IDictionary<string, object>
//   array                  object[]
//   text, true, false, null   string, bool, null
//   number                 int when it is whole and fits, else double; digits that a double would lose: long, or decimal
//   {"$date": "…"}         DateTime in UTC
//   {"$binary": "…"}       byte[], from base64
//
// A key `$date` or `$binary` that stands alone in an object and means nothing of that is written with one `$` more.
using System;
using System.Collections.Generic;
using System.Dynamic;
using System.Globalization;

namespace Mayfly
{
    /// <summary>An argument that .NET cannot hold.</summary>
    public sealed class InputException : Exception
    {
        public InputException(string message) : base(message) { }
    }

    public static class Input
    {
        public const string DateTag = "$date";
        public const string BinaryTag = "$binary";

        // ExpandoObject looks at every key it has for each that is added.
        private const int ExpandoKeys = 1000;

        public static bool IsTag(string key)
        {
            return key == DateTag || key == BinaryTag;
        }

        /// <summary>Whether a key that stands alone is a tag, or was escaped because it looks like one: `$date`, `$$date`, and so on.</summary>
        public static bool LooksLikeTag(string key)
        {
            return key.StartsWith("$", StringComparison.Ordinal) && IsTag("$" + key.TrimStart('$'));
        }

        public static object Object(List<KeyValuePair<string, object>> members)
        {
            if (members.Count == 1 && LooksLikeTag(members[0].Key))
            {
                string key = members[0].Key;
                if (IsTag(key))
                {
                    return Tagged(key, members[0].Value as string);
                }
                members[0] = new KeyValuePair<string, object>(key.Substring(1), members[0].Value);
            }
            IDictionary<string, object> made = new ExpandoObject();
            if (members.Count > ExpandoKeys)
            {
                made = new Dictionary<string, object>(members.Count);
            }
            foreach (var member in members)
            {
                made[member.Key] = member.Value;
            }
            return made;
        }

        private static object Tagged(string tag, string text)
        {
            try
            {
                if (text != null && tag == BinaryTag)
                {
                    return Convert.FromBase64String(text);
                }
                if (text != null)
                {
                    var style = DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal;
                    return DateTime.Parse(text, CultureInfo.InvariantCulture, style);
                }
            }
            catch (FormatException)
            {
                // Said below.
            }
            throw new InputException("`" + tag + "` takes " + (tag == BinaryTag ? "base64" : "a point in time such as 2026-01-31T13:14:15.000Z"));
        }

        /// <summary>
        /// edge-js knows `int` and `double`, for JavaScript has nothing else; so numbers become what they were there, unless digits
        /// would be lost.
        /// </summary>
        public static object Number(string digits)
        {
            var culture = CultureInfo.InvariantCulture;
            bool whole = digits.IndexOfAny(new[] { '.', 'e', 'E' }) < 0;
            int small;
            if (whole && digits != "-0" && int.TryParse(digits, NumberStyles.AllowLeadingSign, culture, out small))
            {
                return small;
            }
            double real;
            if (!double.TryParse(digits, NumberStyles.Float, culture, out real) || double.IsInfinity(real))
            {
                throw new InputException("the number " + digits + " is larger than any of .NET");
            }
            // Up to 15 digits always come back from a double.
            if (SignificantDigits(digits) <= 15)
            {
                return real;
            }
            decimal exact;
            if (!decimal.TryParse(digits, NumberStyles.Float, culture, out exact) || SameNumber(real, exact))
            {
                return real;
            }
            long large;
            bool fits = whole && long.TryParse(digits, NumberStyles.AllowLeadingSign, culture, out large);
            return fits ? (object)decimal.ToInt64(exact) : exact;
        }

        /// <summary>Whether the shortest text of a double stands for this decimal.</summary>
        private static bool SameNumber(double real, decimal exact)
        {
            decimal again;
            string shortest = real.ToString("R", CultureInfo.InvariantCulture);
            return decimal.TryParse(shortest, NumberStyles.Float, CultureInfo.InvariantCulture, out again) && again == exact;
        }

        private static int SignificantDigits(string digits)
        {
            int count = 0;
            foreach (char digit in digits)
            {
                if (digit == 'e' || digit == 'E')
                {
                    break;
                }
                if (digit >= '1' && digit <= '9' || digit == '0' && count > 0)
                {
                    count++;
                }
            }
            return count;
        }
    }
}

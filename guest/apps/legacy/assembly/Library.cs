// The legacy library, by P/Invoke: liblegacy.so beside the assembly.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace LegacyApi
{
    internal static class Library
    {
        private static readonly DateTime Epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);

        [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Ansi)]
        private struct Row
        {
            [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 64)] public string Id;
            [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 64)] public string Student;
            [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 16)] public string Type;
            public int ScoreHundredths;
            public long TakenAtMs;
        }

        [DllImport("legacy")]
        private static extern int legacy_fetch(string student, string trouble, out IntPtr rows, out int count);
        [DllImport("legacy")]
        private static extern int legacy_record(string key, string trouble, ref Row row);
        [DllImport("legacy")]
        private static extern IntPtr legacy_error();

        public static IEnumerable<Assessment> Fetch(string student, string trouble)
        {
            IntPtr rows;
            int count;
            Check(legacy_fetch(student, trouble ?? "", out rows, out count));
            var found = new List<Assessment>();
            for (int at = 0; at < count; at++)
            {
                var row = (Row)Marshal.PtrToStructure(IntPtr.Add(rows, at * Marshal.SizeOf(typeof(Row))), typeof(Row));
                found.Add(Managed(row));
            }
            return found;
        }

        public static Assessment Record(string key, string trouble, Assessment assessment)
        {
            var row = new Row
            {
                Id = assessment.Id,
                Student = assessment.StudentId,
                Type = assessment.Type,
                ScoreHundredths = (int)(assessment.Score * 100),
                TakenAtMs = (long)(assessment.TakenAt.ToUniversalTime() - Epoch).TotalMilliseconds,
            };
            Check(legacy_record(key, trouble ?? "", ref row));
            return Managed(row);
        }

        private static Assessment Managed(Row row)
        {
            return new Assessment
            {
                Id = row.Id,
                StudentId = row.Student,
                Type = row.Type,
                Score = row.ScoreHundredths / 100m,
                TakenAt = Epoch.AddMilliseconds(row.TakenAtMs),
            };
        }

        private static void Check(int status)
        {
            if (status != 0)
            {
                throw new InvalidOperationException(Marshal.PtrToStringAnsi(legacy_error()));
            }
        }
    }
}

// Where P/Invoke looks for native libraries.
using System;
using System.IO;
using System.Runtime.InteropServices;

namespace Mayfly
{
    public static class NativeLibraries
    {
        [DllImport("kernel32", CharSet = CharSet.Unicode, SetLastError = true)]
        private static extern bool SetDllDirectory(string path);

        /// <summary>
        /// Adds a directory on Windows, where libraries are looked for beside the program. Mono and .NET look beside the assembly by
        /// themselves, and then where the dynamic linker does (`LD_LIBRARY_PATH`, /etc/ld.so.conf).
        /// </summary>
        public static void FindIn(string directory)
        {
            if (Path.DirectorySeparatorChar == '\\')
            {
                SetDllDirectory(directory);
            }
        }
    }
}

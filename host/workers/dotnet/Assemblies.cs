// Loads the assembly, and what it needs from beside it; says what is missing, and where it belongs.
using System;
using System.IO;
using System.Reflection;

namespace Mayfly
{
    public static class Assemblies
    {
        /// <summary>Loads the assembly of a path.</summary>
        public static Assembly Load(string path)
        {
            string full = Path.GetFullPath(path);
            if (!File.Exists(full))
            {
                throw new StartException("there is no assembly " + full + ": build it, or correct its path");
            }
            string directory = Path.GetDirectoryName(full);
            AppDomain.CurrentDomain.AssemblyResolve += (sender, wanted) => Beside(directory, new AssemblyName(wanted.Name));
            NativeLibraries.FindIn(directory);
            try
            {
                return Assembly.LoadFrom(full);
            }
            catch (BadImageFormatException)
            {
                throw new StartException(full + " is not an assembly of .NET that can run here: name the DLL that the methods are in, built for "
                    + (IntPtr.Size == 8 ? "64 bits" : "32 bits") + " or any processor");
            }
            catch (Exception error) when (error is IOException || error is UnauthorizedAccessException)
            {
                throw new StartException("cannot load " + full + ": " + error.Message);
            }
        }

        /// <summary>The types of an assembly; those that need something that is not there are left out, with a line in the log.</summary>
        public static Type[] Types(Assembly assembly)
        {
            try
            {
                return assembly.GetTypes();
            }
            catch (ReflectionTypeLoadException error)
            {
                foreach (Exception reason in error.LoaderExceptions)
                {
                    Program.Say("a type of " + Path.GetFileName(assembly.Location) + " cannot be loaded: " + Failure.Of(reason).Message);
                }
                return Array.FindAll(error.Types, type => type != null);
            }
        }

        private static Assembly Beside(string directory, AssemblyName wanted)
        {
            foreach (string extension in new[] { ".dll", ".exe" })
            {
                string candidate = Path.Combine(directory, wanted.Name + extension);
                if (File.Exists(candidate))
                {
                    return Assembly.LoadFrom(candidate);
                }
            }
            return null;
        }
    }
}

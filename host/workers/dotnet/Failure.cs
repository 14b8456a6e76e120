// What the caller and the log are told of an exception.
using System;
using System.IO;
using System.Reflection;

namespace Mayfly
{
    public sealed class Failure
    {
        private const int MaxMessage = 8000;
        private const int MaxTrace = 4000;

        public readonly string Code;
        public readonly string Message;

        public Failure(string code, string message)
        {
            Code = code;
            Message = message.Length > MaxMessage ? message.Substring(0, MaxMessage) + "…" : message;
        }

        /// <summary>
        /// An exception, with its type before its message, for guests are told nothing else; what is missing has a code of its own and a
        /// remedy instead.
        /// </summary>
        public static Failure Of(Exception error)
        {
            error = Unwrapped(error);
            for (Exception reason = error; reason != null; reason = reason.InnerException)
            {
                Failure missing = Missing(reason);
                if (missing != null)
                {
                    return missing;
                }
            }
            if (error is OutputException)
            {
                return new Failure("INVALID_ANSWER", error.Message);
            }
            if (error is InputException)
            {
                return new Failure("INVALID_ARGUMENTS", error.Message);
            }
            return new Failure("EXCEPTION", error.GetType().FullName + ": " + error.Message);
        }

        /// <summary>The exception that a method threw, without what reflection and tasks put around it.</summary>
        public static Exception Unwrapped(Exception error)
        {
            while (true)
            {
                var many = error as AggregateException;
                if (many != null && many.InnerExceptions.Count == 1)
                {
                    error = many.InnerExceptions[0];
                }
                else if (error is TargetInvocationException && error.InnerException != null)
                {
                    error = error.InnerException;
                }
                else
                {
                    return error;
                }
            }
        }

        /// <summary>For the log: where it was thrown, within bounds.</summary>
        public static string Trace(Exception error)
        {
            error = Unwrapped(error);
            string trace = error is OutputException ? error.Message : error.ToString();
            return trace.Length > MaxTrace ? trace.Substring(0, MaxTrace) + "…" : trace;
        }

        private static Failure Missing(Exception error)
        {
            if (error is DllNotFoundException)
            {
                return new Failure("MISSING_LIBRARY", "a native library cannot be loaded: " + Name(error)
                    + "; put it beside the assembly with everything it links to (`ldd` lists that), or name its directory in LD_LIBRARY_PATH");
            }
            if (error is EntryPointNotFoundException)
            {
                return new Failure("MISSING_LIBRARY", "a native library lacks a function: " + Name(error)
                    + "; put the version beside the assembly that it was built for");
            }
            var file = error as FileNotFoundException;
            if (file != null && IsAssembly(file.FileName))
            {
                return MissingAssembly(file.FileName);
            }
            var load = error as FileLoadException;
            if (load != null && IsAssembly(load.FileName))
            {
                return MissingAssembly(load.FileName);
            }
            if (error is BadImageFormatException)
            {
                return new Failure("MISSING_LIBRARY", "a library is built for another processor: " + error.Message + "; put one for "
                    + (IntPtr.Size == 8 ? "64 bits" : "32 bits") + " beside the assembly");
            }
            return null;
        }

        /// <summary>What is missing: Mono adds places that it does not know.</summary>
        private static string Name(Exception error)
        {
            int at = error.Message.IndexOf(" assembly:<", StringComparison.Ordinal);
            return at < 0 ? error.Message : error.Message.Substring(0, at);
        }

        private static Failure MissingAssembly(string name)
        {
            string file = new AssemblyName(name).Name + ".dll";
            return new Failure("MISSING_ASSEMBLY", "the assembly " + name + " is needed and cannot be loaded: put " + file
                + " in that version beside the assembly that needs it");
        }

        /// <summary>Whether what was not found is an assembly, and not a file that the assembly itself opened.</summary>
        private static bool IsAssembly(string name)
        {
            return name != null && name.Contains(", Version=");
        }
    }
}

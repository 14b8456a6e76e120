// A worker of Mayfly for .NET: loads an assembly as it is, and calls its methods as edge-js does.
//
//     mono mayfly-worker.exe ASSEMBLY
//     mayfly-worker.exe ASSEMBLY --listen 0.0.0.0:7443 --certificate server.pfx --client-ca ca.pem
//
// The first form is what `[workers.NAME] dotnet = "ASSEMBLY"` starts: frames come and go on standard input, which is a socket. The
// second is for another machine, a Windows one for example, that `[workers.NAME] address = …` reaches over TLS. What crosses the
// boundary is in Input.cs and Output.cs, how methods are found in Methods.cs, and the protocol in docs/worker-protocol.md.
//
// Written for the API of .NET Standard 2.0, so that Mono, .NET Framework and .NET run it; `build.sh` makes it with Mono's compiler.
using System;
using System.IO;

namespace Mayfly
{
    /// <summary>What ends the program with a message: each says what to do about it.</summary>
    public class StartException : Exception
    {
        public StartException(string message) : base(message) { }
    }

    public static class Program
    {
        public const string Version = "0.1.0";

        private const string Usage =
            "usage: mayfly-worker.exe ASSEMBLY [--listen ADDRESS:PORT --certificate SERVER.pfx --client-ca CA.pem [--connections N]]";

        public static int Main(string[] arguments)
        {
            try
            {
                var options = Options.Read(arguments);
                if (options == null)
                {
                    Console.Error.WriteLine(Usage);
                    return 2;
                }
                // The socket first: what an assembly does while it is loaded must not read from it.
                var local = options.Listen == null ? StandardInput.Take() : null;
                var assembly = Assemblies.Load(options.Assembly);
                var methods = Methods.Of(assembly);
                WarmUp.For(assembly);
                if (local == null)
                {
                    return Listener.Run(options, methods);
                }
                return new Session(local, methods).Run() ? 0 : 1;
            }
            catch (StartException error)
            {
                Say(error.Message);
                return 1;
            }
        }

        /// <summary>Writes a line for the host's log.</summary>
        public static void Say(string message)
        {
            Console.Error.WriteLine("mayfly worker: " + message);
        }
    }

    /// <summary>What the command line says.</summary>
    public sealed class Options
    {
        public string Assembly;
        public string Listen;
        public string Certificate;
        public string ClientCa;
        public int Connections = 16;

        /// <summary>Null when the command line makes no sense.</summary>
        public static Options Read(string[] arguments)
        {
            var options = new Options();
            for (int at = 0; at < arguments.Length; at++)
            {
                string argument = arguments[at];
                if (!argument.StartsWith("--", StringComparison.Ordinal))
                {
                    if (options.Assembly != null)
                    {
                        return null;
                    }
                    options.Assembly = argument;
                    continue;
                }
                if (++at == arguments.Length || !options.Set(argument, arguments[at]))
                {
                    return null;
                }
            }
            bool remote = options.Listen != null;
            bool whole = remote == (options.Certificate != null) && remote == (options.ClientCa != null);
            return options.Assembly != null && whole ? options : null;
        }

        private bool Set(string name, string value)
        {
            switch (name)
            {
                case "--listen": Listen = value; return true;
                case "--certificate": Certificate = value; return true;
                case "--client-ca": ClientCa = value; return true;
                case "--connections": return int.TryParse(value, out Connections) && Connections > 0;
                default: return false;
            }
        }
    }
}

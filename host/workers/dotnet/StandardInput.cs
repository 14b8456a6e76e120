// The socket that the host gives a local worker as its standard input.
using System;
using System.IO;
using System.Runtime.InteropServices;

namespace Mayfly
{
    /// <summary>
    /// A stream over descriptor 0, by the C library: file streams of .NET refuse to write to what was opened to be read. The socket is
    /// moved to a descriptor that programs which the assembly starts do not inherit, and standard input becomes empty.
    /// </summary>
    public sealed class StandardInput : Stream
    {
        private const int BufferBytes = 64 * 1024;
        private const int Interrupted = 4; // EINTR
        private const int DuplicateCloseOnExec = 1030; // F_DUPFD_CLOEXEC of Linux
        private const int SocketLevel = 1; // SOL_SOCKET of Linux
        private const int SocketType = 3; // SO_TYPE of Linux
        private const int NoSignal = 0x4000; // MSG_NOSIGNAL of Linux

        private readonly int descriptor;
        private readonly IntPtr buffer = Marshal.AllocHGlobal(BufferBytes);

        [DllImport("libc", SetLastError = true)]
        private static extern IntPtr recv(int descriptor, IntPtr buffer, IntPtr length, int flags);
        [DllImport("libc", SetLastError = true)]
        private static extern IntPtr send(int descriptor, IntPtr buffer, IntPtr length, int flags);
        [DllImport("libc", SetLastError = true)]
        private static extern int fcntl(int descriptor, int command, int argument);
        [DllImport("libc", SetLastError = true)]
        private static extern int getsockopt(int descriptor, int level, int name, ref int value, ref int length);
        [DllImport("libc")]
        private static extern int open(string path, int flags);
        [DllImport("libc")]
        private static extern int dup2(int from, int to);
        [DllImport("libc")]
        private static extern int close(int descriptor);
        [DllImport("libc")]
        private static extern int fflush(IntPtr file);
        [DllImport("libc")]
        private static extern int setenv(string name, string value, int overwrite);
        [DllImport("libc")]
        private static extern IntPtr dlsym(IntPtr library, string name);
        [DllImport("libc")]
        private static extern int setvbuf(IntPtr file, IntPtr buffer, int mode, IntPtr size);

        private StandardInput(int descriptor)
        {
            this.descriptor = descriptor;
        }

        public static StandardInput Take()
        {
            if (Path.DirectorySeparatorChar != '/')
            {
                throw new StartException("without `--listen` a worker runs on Linux only: add `--listen`, `--certificate` and `--client-ca`");
            }
            int kind = 0;
            int length = sizeof(int);
            if (getsockopt(0, SocketLevel, SocketType, ref kind, ref length) != 0)
            {
                throw new StartException("standard input is not a socket: the host starts workers; to try one by hand, use `mayfly worker check -- COMMAND`");
            }
            int own = fcntl(0, DuplicateCloseOnExec, 3);
            if (own < 0)
            {
                throw new StartException("cannot keep the socket: error " + Marshal.GetLastWin32Error());
            }
            int empty = open("/dev/null", 0);
            if (empty >= 0)
            {
                dup2(empty, 0);
                close(empty);
            }
            PrintByLine();
            // Mono would write a report of each crash into the working directory.
            setenv("MONO_CRASH_NOFILE", "1", 0);
            return new StandardInput(own);
        }

        /// <summary>
        /// Has C libraries print to the log line by line. They keep lines back when standard output is a pipe, and a crash would
        /// lose the ones that tell why.
        /// </summary>
        private static void PrintByLine()
        {
            const int LineBuffered = 1; // _IOLBF of glibc
            try
            {
                IntPtr standardOutput = dlsym(IntPtr.Zero, "stdout");
                if (standardOutput != IntPtr.Zero)
                {
                    setvbuf(Marshal.ReadIntPtr(standardOutput), IntPtr.Zero, LineBuffered, IntPtr.Zero);
                }
            }
            catch (EntryPointNotFoundException)
            {
                // A C library before glibc 2.34 has dlsym elsewhere; `Flush` comes after each call in any case.
            }
        }

        public override void Flush()
        {
            fflush(IntPtr.Zero);
        }

        public override int Read(byte[] to, int offset, int count)
        {
            while (true)
            {
                long got = (long)recv(descriptor, buffer, (IntPtr)Math.Min(count, BufferBytes), 0);
                if (got >= 0)
                {
                    Marshal.Copy(buffer, to, offset, (int)got);
                    return (int)got;
                }
                int error = Marshal.GetLastWin32Error();
                if (error != Interrupted)
                {
                    throw new IOException("cannot read: error " + error);
                }
            }
        }

        public override void Write(byte[] from, int offset, int count)
        {
            while (count > 0)
            {
                int piece = Math.Min(count, BufferBytes);
                Marshal.Copy(from, offset, buffer, piece);
                long sent = (long)send(descriptor, buffer, (IntPtr)piece, NoSignal);
                if (sent < 0)
                {
                    int error = Marshal.GetLastWin32Error();
                    if (error != Interrupted)
                    {
                        throw new IOException("cannot answer: error " + error);
                    }
                    continue;
                }
                offset += (int)sent;
                count -= (int)sent;
            }
        }

        public override bool CanRead { get { return true; } }
        public override bool CanWrite { get { return true; } }
        public override bool CanSeek { get { return false; } }
        public override long Length { get { throw new NotSupportedException(); } }
        public override long Position { get { throw new NotSupportedException(); } set { throw new NotSupportedException(); } }
        public override long Seek(long offset, SeekOrigin origin) { throw new NotSupportedException(); }
        public override void SetLength(long value) { throw new NotSupportedException(); }
    }
}

// Frames: a length of four bytes, the greatest first, and as many bytes of UTF-8.
using System;
using System.IO;
using System.Text;

namespace Mayfly
{
    /// <summary>What the host may not do. It ends the session: what comes next could be another call's.</summary>
    public sealed class ProtocolException : Exception
    {
        public ProtocolException(string message) : base(message) { }
    }

    public sealed class Frames
    {
        /// <summary>The longest frame that is read or written.</summary>
        public const int MaxBytes = 64 << 20;

        private const int HeadBytes = 4;
        private const int PieceBytes = 1 << 20;

        private static readonly UTF8Encoding Strict = new UTF8Encoding(false, true);
        // Half a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD.
        private static readonly UTF8Encoding Lenient = new UTF8Encoding(false, false);

        private readonly Stream stream;

        public Frames(Stream stream)
        {
            this.stream = stream;
        }

        /// <summary>The next frame's text, null at the end.</summary>
        public string Read()
        {
            var head = new byte[HeadBytes];
            int got = Fill(head, HeadBytes);
            if (got == 0)
            {
                return null;
            }
            if (got < HeadBytes)
            {
                throw new ProtocolException("the socket ended inside a frame");
            }
            long length = (long)head[0] << 24 | (long)head[1] << 16 | (long)head[2] << 8 | head[3];
            if (length == 0 || length > MaxBytes)
            {
                throw new ProtocolException("a frame of " + length + " bytes; 1 to " + MaxBytes + " are allowed");
            }
            byte[] body = Body((int)length);
            try
            {
                return Strict.GetString(body);
            }
            catch (ArgumentException)
            {
                throw new ProtocolException("a frame that is not UTF-8");
            }
        }

        public void Write(string text)
        {
            int length = Lenient.GetByteCount(text);
            var frame = new byte[HeadBytes + length];
            for (int at = 0; at < HeadBytes; at++)
            {
                frame[at] = (byte)(length >> (24 - 8 * at));
            }
            Lenient.GetBytes(text, 0, text.Length, frame, HeadBytes);
            // What the call printed comes before its answer.
            stream.Flush();
            stream.Write(frame, 0, frame.Length);
        }

        public static int Bytes(string text)
        {
            return Lenient.GetByteCount(text);
        }

        /// <summary>Memory is taken as bytes come, not as they are announced.</summary>
        private byte[] Body(int length)
        {
            var body = new byte[Math.Min(length, PieceBytes)];
            int filled = 0;
            while (true)
            {
                filled += Fill(body, body.Length, filled);
                if (filled < body.Length)
                {
                    throw new ProtocolException("the socket ended inside a frame");
                }
                if (filled == length)
                {
                    return body;
                }
                Array.Resize(ref body, (int)Math.Min(length, 2L * body.Length));
            }
        }

        private int Fill(byte[] buffer, int until, int from = 0)
        {
            int at = from;
            while (at < until)
            {
                int got = stream.Read(buffer, at, until - at);
                if (got == 0)
                {
                    break;
                }
                at += got;
            }
            return at - from;
        }
    }
}

// One conversation with the host: says hello, then answers one call after the other until there are no more.
//
// Calls run on the thread that reads, so that libraries which keep data by thread see one. A `cancel` is read after the call it is
// about, which has answered by then.
using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Mayfly
{
    public sealed class Session
    {
        // A frame of `hello` may have 64 KiB.
        private const int HelloNames = 60 * 1024;

        private readonly Frames frames;
        private readonly Methods methods;

        public Session(Stream stream, Methods methods)
        {
            frames = new Frames(stream);
            this.methods = methods;
        }

        /// <summary>Whether it ended in order.</summary>
        public bool Run()
        {
            try
            {
                frames.Write(Hello());
                for (string text = frames.Read(); text != null; text = frames.Read())
                {
                    if (!Take(text))
                    {
                        break;
                    }
                }
                return true;
            }
            catch (Exception error) when (error is ProtocolException || error is JsonException || error is IOException)
            {
                Program.Say(error.Message);
                return false;
            }
        }

        private string Hello()
        {
            var text = new StringBuilder("{\"type\":\"hello\",\"protocol\":1,\"name\":\"mayfly-worker-dotnet\",\"version\":\"")
                .Append(Program.Version).Append("\",\"methods\":[");
            bool first = true;
            foreach (string name in methods.Names())
            {
                if (text.Length > HelloNames)
                {
                    Program.Say("the assembly has more methods than can be announced");
                    break;
                }
                text.Append(first ? "" : ",");
                Output.Quote(text, name);
                first = false;
            }
            return text.Append("]}").ToString();
        }

        /// <summary>Takes a message; false when it was the last.</summary>
        private bool Take(string text)
        {
            Message message;
            try
            {
                message = Message.Read(text, false);
            }
            catch (InputException error)
            {
                message = Message.Read(text, true);
                Fail(message, Failure.Of(error));
                return true;
            }
            switch (message.Type)
            {
                case "call": Answer(message); return true;
                case "ping": frames.Write("{\"type\":\"pong\",\"id\":" + message.Number() + "}"); return true;
                case "cancel": return true;
                case "drain": return false;
                default: throw new ProtocolException("unknown message `" + message.Type + "`");
            }
        }

        private void Answer(Message message)
        {
            string id = message.Number();
            if (message.Method == null)
            {
                throw new ProtocolException("`call` without a method");
            }
            var answer = new StringBuilder("{\"type\":\"result\",\"id\":").Append(id).Append(",\"value\":");
            try
            {
                Output.Write(answer, methods.Find(message.Method).Call(message.Arguments));
                answer.Append('}');
            }
            catch (UnknownMethodException error)
            {
                Fail(message, new Failure("UNKNOWN_METHOD", error.Message));
                return;
            }
            catch (Exception error) when (!(Failure.Unwrapped(error) is OutOfMemoryException))
            {
                Program.Say(message.Method + ": " + Failure.Trace(error));
                Fail(message, Failure.Of(error));
                return;
            }
            string text = answer.ToString();
            if (Frames.Bytes(text) > Frames.MaxBytes)
            {
                Fail(message, new Failure("INVALID_ANSWER", "the answer has more than " + Frames.MaxBytes + " bytes"));
                return;
            }
            frames.Write(text);
        }

        private void Fail(Message message, Failure failure)
        {
            var text = new StringBuilder("{\"type\":\"error\",\"id\":").Append(message.Number()).Append(",\"code\":");
            Output.Quote(text, failure.Code);
            text.Append(",\"message\":");
            Output.Quote(text, failure.Message);
            frames.Write(text.Append('}').ToString());
        }

        /// <summary>A message of the host.</summary>
        private sealed class Message
        {
            public string Type = "";
            public string Method;
            public object Arguments;
            private string id;

            public static Message Read(string text, bool asIs)
            {
                var message = new Message();
                var reader = new JsonReader(text, asIs);
                reader.Object(key =>
                {
                    switch (key)
                    {
                        case "type": message.Type = reader.Text(); break;
                        case "id": message.id = reader.Digits(); break;
                        case "method": message.Method = reader.Text(); break;
                        case "arguments": message.Arguments = reader.Value(); break;
                        default: reader.Value(); break;
                    }
                });
                reader.End();
                return message;
            }

            public string Number()
            {
                if (id == null)
                {
                    throw new ProtocolException("`" + Type + "` without an id");
                }
                return id;
            }
        }
    }
}

// What is compiled before the worker says hello, so that the first caller does not wait for it.
using System;
using System.Dynamic;
using System.Linq;
using System.Reflection;
using System.Text;

namespace Mayfly
{
    public static class WarmUp
    {
        private const string Binder = "Microsoft.CSharp";

        /// <summary>
        /// Uses `dynamic` as methods for edge-js do, when the assembly was compiled with it: what resolves names then takes Mono 300 ms the
        /// first time.
        /// </summary>
        public static void For(Assembly assembly)
        {
            Output.Write(new StringBuilder(), new JsonReader("{\"a\":1,\"b\":[\"x\",1.5,null]}").Value());
            if (assembly.GetReferencedAssemblies().Any(name => name.Name == Binder))
            {
                try
                {
                    UseDynamic(new ExpandoObject());
                }
                catch (Exception error)
                {
                    Program.Say("`dynamic` does not work here: " + Failure.Of(error).Message);
                }
            }
        }

        private static void UseDynamic(dynamic input)
        {
            input.text = "text";
            input.number = 1;
            input.none = null;
            input.list = new object[] { "one" };
            input.time = DateTime.UtcNow;
            string text = (string)input.text;
            double number = (int)input.number + (double)input.number;
            DateTime time = input.time;
            if (input.none == null && text.Length + number > 0 && time > DateTime.MinValue)
            {
                foreach (object item in (object[])input.list)
                {
                    text += item;
                }
            }
        }
    }
}

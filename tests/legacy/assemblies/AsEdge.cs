// An assembly as users of edge-js write one: nothing of it knows of Mayfly.
using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Threading.Tasks;

namespace AsEdge
{
    public class Startup
    {
        private int calls;

        public async Task<object> Invoke(object input)
        {
            await Task.Yield();
            calls++;
            return ".NET welcomes " + input + ", call " + calls;
        }
    }

    public class Person
    {
        public string Name { get; set; }
        public int Age { get; set; }
        public Address Home;
        public string WriteOnly { set { } }
        internal string Hidden { get { return "never seen"; } }
    }

    public class Address
    {
        public string Street;
    }

    public enum Color { Red, Green }

    public class Shapes
    {
        // What the input is in .NET.
        public async Task<object> Types(dynamic input)
        {
            await Task.Yield();
            var types = new Dictionary<string, object>();
            foreach (KeyValuePair<string, object> pair in (IDictionary<string, object>)input)
            {
                types[pair.Key] = pair.Value == null ? "null" : pair.Value.GetType().Name;
            }
            return types;
        }

        public async Task<object> Same(object input)
        {
            return await Task.FromResult(input);
        }

        public async Task<object> Dynamic(dynamic input)
        {
            int sum = (int)input.a + (int)input.nested.b;
            object[] list = (object[])input.list;
            DateTime day = input.day;
            byte[] bytes = input.bytes;
            return await Task.FromResult<object>(new { sum, count = list.Length, tomorrow = day.AddDays(1), last = bytes[bytes.Length - 1].ToString(), kind = day.Kind });
        }

        public Task<object> Answers(object input)
        {
            object answer = new Dictionary<string, object>
            {
                { "person", new Person { Name = "Ada", Age = 36, Home = new Address { Street = "St James's Square" } } },
                { "anonymous", new { x = 1, y = "two" } },
                { "list", new List<int> { 1, 2, 3 } },
                { "lazy", Enumerable.Range(1, 3).Select(n => n * n) },
                { "utc", new DateTime(2026, 1, 31, 13, 14, 15, 160, DateTimeKind.Utc) },
                { "unspecified", new DateTime(2026, 1, 31) },
                { "bytes", new byte[] { 0, 255, 128 } },
                { "empty", new byte[0] },
                { "decimal", 12.50m },
                { "long", 9007199254740993L },
                { "double", 0.1 },
                { "nan", double.NaN },
                { "char", 'c' },
                { "guid", new Guid("6f9619ff-8b86-d011-b42d-00cf4fc964ff") },
                { "uri", new Uri("https://example.com/a") },
                { "color", Color.Green },
                { "texts", new Dictionary<string, string> { { "k", "v" } } },
                { "numbered", new Dictionary<int, string> { { 7, "seven" } } },
                { "nothing", null },
                { "tag", new Dictionary<string, object> { { "$date", 1 } } },
            };
            return Task.FromResult(answer);
        }

        public object Synchronous(object input)
        {
            return new { got = input };
        }

        public static Task<int> Typed(object input)
        {
            return Task.FromResult(42);
        }

        public Task Nothing(object input)
        {
            return Task.Delay(1);
        }

        public Task<object> Self(object input)
        {
            var me = new Dictionary<string, object>();
            me["me"] = me;
            return Task.FromResult<object>(me);
        }

        public Task<object> Function(object input)
        {
            return Task.FromResult<object>((Func<object, Task<object>>)(x => Task.FromResult(x)));
        }

        // Never called from outside: it takes more than an object.
        public int Add(int a, int b)
        {
            return a + b;
        }
    }

    public class Failing
    {
        public async Task<object> Later(object input)
        {
            await Task.Yield();
            throw new InvalidOperationException("it failed later");
        }

        public Task<object> AtOnce(object input)
        {
            throw new ArgumentException("it failed at once");
        }

        public Task<object> Print(object input)
        {
            Console.WriteLine("printed by the assembly");
            return Task.FromResult<object>(Console.In.ReadToEnd().Length);
        }

        [DllImport("asedge_missing")]
        private static extern int missing();

        public Task<object> MissingLibrary(object input)
        {
            return Task.FromResult<object>(missing());
        }

        [DllImport("libc")]
        private static extern int no_such_function_of_libc();

        public Task<object> MissingFunction(object input)
        {
            return Task.FromResult<object>(no_such_function_of_libc());
        }

        public Task<object> MissingFile(object input)
        {
            return Task.FromResult<object>(System.IO.File.ReadAllText("/nowhere/at/all"));
        }
    }

    public class Broken
    {
        public Broken()
        {
            throw new NotSupportedException("no instance today");
        }

        public Task<object> Use(object input)
        {
            return Task.FromResult(input);
        }
    }

    public class Other
    {
        public Task<object> Same(object input)
        {
            return Task.FromResult<object>("other");
        }
    }
}

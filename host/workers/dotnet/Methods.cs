// Which methods there are, by which names, and how one is called.
//
// A method can be called when it is public, of a public class, and takes one object (`object`, `dynamic`, IDictionary<string, object>);
// instance methods need a constructor without parameters, and one instance of the class serves all calls of the process, as with
// edge-js. Its answer is a Task<object>, any other task, or a value.
//
// Names: `Namespace.Type.Method` always, `Type.Method` and `Method` where no other method has that name.
using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading.Tasks;

namespace Mayfly
{
    public sealed class Methods
    {
        private readonly string assembly;
        private readonly Dictionary<string, List<Method>> byName = new Dictionary<string, List<Method>>();

        private Methods(string assembly)
        {
            this.assembly = assembly;
        }

        public static Methods Of(Assembly assembly)
        {
            var methods = new Methods(Path.GetFileName(assembly.Location));
            foreach (Type type in Assemblies.Types(assembly).Where(type => type.IsVisible && !type.IsEnum && !type.ContainsGenericParameters))
            {
                methods.Add(type);
            }
            if (methods.byName.Count == 0)
            {
                throw new StartException(methods.assembly + " has no method to call: a public class needs a public method that takes one "
                    + "object, such as `public Task<object> Invoke(object input)`, and a constructor without parameters");
            }
            return methods;
        }

        /// <summary>The names that lead to one method, the shortest first.</summary>
        public IEnumerable<string> Names()
        {
            return byName.Where(entry => entry.Value.Count == 1).Select(entry => entry.Key).OrderBy(name => name.Count(c => c == '.'))
                .ThenBy(name => name, StringComparer.Ordinal);
        }

        /// <summary>The method of a name; an exception says which there are.</summary>
        public Method Find(string name)
        {
            List<Method> found;
            if (!byName.TryGetValue(name, out found))
            {
                throw new UnknownMethodException(Unknown(name));
            }
            if (found.Count > 1)
            {
                throw new UnknownMethodException("`" + name + "` is more than one method of " + assembly + ": "
                    + Listed(found.Select(method => method.FullName)));
            }
            return found[0];
        }

        private string Unknown(string name)
        {
            int dot = name.LastIndexOf('.');
            string type = dot < 0 ? "" : name.Substring(0, dot);
            var ofType = byName.Values.SelectMany(methods => methods).Distinct()
                .Where(method => method.TypeName == type || method.TypeName.EndsWith("." + type, StringComparison.Ordinal)).ToList();
            if (type == "" || ofType.Count == 0)
            {
                string what = type == "" ? "method `" + name + "`" : "public type `" + type + "` with methods that take one object";
                return assembly + " has no " + what + "; it has " + Listed(Names());
            }
            return "type `" + type + "` of " + assembly + " has no public method `" + name.Substring(dot + 1) + "` that takes one object; it has "
                + Listed(ofType.Select(method => method.FullName));
        }

        private static string Listed(IEnumerable<string> names)
        {
            const int Shown = 20;
            var all = names.ToList();
            string more = all.Count > Shown ? " and " + (all.Count - Shown) + " more" : "";
            return string.Join(", ", all.Take(Shown)) + more;
        }

        private void Add(Type type)
        {
            bool hasInstances = type.IsValueType || !type.IsAbstract && type.GetConstructor(Type.EmptyTypes) != null;
            var target = new Lazy<object>(() => Activator.CreateInstance(type), System.Threading.LazyThreadSafetyMode.PublicationOnly);
            foreach (var info in type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static))
            {
                if (!IsCallable(info) || !info.IsStatic && !hasInstances)
                {
                    continue;
                }
                var method = new Method(type, info, info.IsStatic ? null : target);
                foreach (string name in new[] { method.FullName, type.Name + "." + info.Name, info.Name }.Distinct())
                {
                    Name(name, method);
                }
            }
        }

        private void Name(string name, Method method)
        {
            List<Method> there;
            if (!byName.TryGetValue(name, out there))
            {
                byName[name] = there = new List<Method>();
            }
            // Of overloads the one that takes any object counts.
            int overload = there.FindIndex(other => other.FullName == method.FullName);
            if (overload < 0)
            {
                there.Add(method);
            }
            else if (method.TakesAny)
            {
                there[overload] = method;
            }
        }

        private static bool IsCallable(MethodInfo info)
        {
            var parameters = info.GetParameters();
            return parameters.Length == 1 && Method.Takes(parameters[0].ParameterType) && !info.IsSpecialName && !info.IsGenericMethodDefinition
                && info.GetBaseDefinition().DeclaringType != typeof(object);
        }
    }

    public sealed class UnknownMethodException : Exception
    {
        public UnknownMethodException(string message) : base(message) { }
    }

    public sealed class Method
    {
        public readonly string TypeName;
        public readonly string FullName;
        public readonly bool TakesAny;
        private readonly MethodInfo info;
        private readonly Lazy<object> target;
        // Without reflection in between, for methods as edge-js wants them.
        private Func<object, Task<object>> direct;

        public Method(Type type, MethodInfo info, Lazy<object> target)
        {
            this.info = info;
            this.target = target;
            TypeName = type.FullName.Replace('+', '.');
            FullName = TypeName + "." + info.Name;
            TakesAny = info.GetParameters()[0].ParameterType == typeof(object);
        }

        public static bool Takes(Type parameter)
        {
            return parameter == typeof(object) || parameter == typeof(IDictionary<string, object>) || parameter == typeof(System.Dynamic.ExpandoObject);
        }

        /// <summary>Calls it, and waits for its answer.</summary>
        public object Call(object input)
        {
            if (direct == null && TakesAny && info.ReturnType == typeof(Task<object>))
            {
                object instance = target == null ? null : target.Value;
                direct = (Func<object, Task<object>>)Delegate.CreateDelegate(typeof(Func<object, Task<object>>), instance, info);
            }
            object answer = direct != null ? direct(input) : info.Invoke(target == null ? null : target.Value, new[] { input });
            var task = answer as Task;
            return task == null ? answer : Result(task);
        }

        private static object Result(Task task)
        {
            var any = task as Task<object>;
            if (any != null)
            {
                return any.GetAwaiter().GetResult();
            }
            task.GetAwaiter().GetResult();
            for (Type type = task.GetType(); type != null; type = type.BaseType)
            {
                if (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Task<>) && type.GetGenericArguments()[0].IsVisible)
                {
                    return type.GetProperty("Result").GetValue(task, null);
                }
            }
            return null;
        }
    }
}

// An assembly without a method that can be called: each lacks something.
using System.Threading.Tasks;

namespace Nothing
{
    public class NoConstructor
    {
        public NoConstructor(int needed) { }
        public Task<object> Invoke(object input) { return Task.FromResult(input); }
    }

    public abstract class Abstract
    {
        public Task<object> Invoke(object input) { return Task.FromResult(input); }
    }

    internal class Internal
    {
        public Task<object> Invoke(object input) { return Task.FromResult(input); }
    }

    public class Startup
    {
        public Task<object> Invoke(string input) { return Task.FromResult<object>(input); }
        public Task<object> Two(object one, object two) { return Task.FromResult(one); }
        public Task<object> Generic<T>(object input) { return Task.FromResult(input); }
        private Task<object> Private(object input) { return Task.FromResult(input); }
    }
}

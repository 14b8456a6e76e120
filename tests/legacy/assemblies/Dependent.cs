// An assembly that needs another one: a type at once, a method when it is called.
using System.Threading.Tasks;

namespace Dependent
{
    public class Derived : Dependency.Base
    {
        public Task<object> Invoke(object input)
        {
            return Task.FromResult<object>("derived");
        }
    }

    public class Startup
    {
        public Task<object> Invoke(object input)
        {
            return Task.FromResult<object>(Dependency.Thing.Name());
        }
    }
}

// What another assembly needs.
namespace Dependency
{
    public class Base
    {
    }

    public static class Thing
    {
        public static string Name()
        {
            return "the dependency";
        }
    }
}

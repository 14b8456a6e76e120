// The smallest worker: gives back what it is given. `c++ -std=c++17 -O2 echo.cpp -o echo`.
#include "mayfly_worker.hpp"

#include <thread>

int main() {
  mayfly::Worker worker("echo", "1.0");

  worker.method("Echo", [](const mayfly::Json& arguments, mayfly::Call&) { return arguments; });

  // Adds whole numbers, and says which argument is none.
  worker.method("Add", [](const mayfly::Json& arguments, mayfly::Call&) -> mayfly::Json {
    return arguments["a"].integer() + arguments["b"].integer();
  });

  // Runs until nobody waits for it.
  worker.method("Wait", [](const mayfly::Json&, mayfly::Call& call) -> mayfly::Json {
    while (!call.cancelled() && call.time_left().count() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    throw mayfly::Error("CANCELLED", "nobody waits for " + call.method() + " any more");
  });

  worker.method("Print", [](const mayfly::Json& arguments, mayfly::Call&) -> mayfly::Json {
    std::printf("printed: %s\n", arguments.dump().c_str());
    return nullptr;
  });

  return worker.serve();
}

// Sleeps, by the clocks of its system, for as long as it is told to; then answers.
#include <ctime>
#include <mayfly.hpp>
#include <poll.h>
#include <unistd.h>

namespace {

void sleep_for(long milliseconds) {
  const timespec time = {milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  nanosleep(&time, nullptr);
}

// Until a moment of the wall clock, or of the one that never goes back.
void sleep_until(clockid_t clock, long milliseconds) {
  timespec time{};
  clock_gettime(clock, &time);
  time.tv_sec += milliseconds / 1000;
  time.tv_nsec += milliseconds % 1000 * 1'000'000;
  if (time.tv_nsec >= 1'000'000'000) {
    ++time.tv_sec;
    time.tv_nsec -= 1'000'000'000;
  }
  clock_nanosleep(clock, TIMER_ABSTIME, &time, nullptr);
}

// A great many short sleeps: each is a call of the host that ends at once.
void doze() {
  for (;;) sleep_for(0);
}

mayfly::Result sleeps(const mayfly::Field& field) {
  const std::string how = mayfly::json::text(field.argument("how"));
  const long milliseconds = static_cast<long>(mayfly::json::integer(field.argument("milliseconds")));
  if (how == "FOR") sleep_for(milliseconds);
  if (how == "UNTIL") sleep_until(CLOCK_MONOTONIC, milliseconds);
  if (how == "DOZE") doze();
  return std::string("true");
}

}  // namespace

MAYFLY_RESOLVER(Query, sleeps, sleeps)

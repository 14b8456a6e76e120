// What the library does wrong when it is told to: by the name of a trouble, or now and then when the environment says so.
//
//   LEGACY_CRASH_ONE_IN   one call in so many crashes, in one of the ways below
//   LEGACY_HANG_ONE_IN    one call in so many never returns
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>
#include <string>

// Pointers that the compiler knows nothing about: it may remove crashes that it understands.
inline void* (*volatile allocate)(std::size_t) = std::malloc;
inline void (*volatile release)(void*) = std::free;

inline void free_twice() {
  void* block = allocate(100);
  release(block);
  release(block);
}

// Writes over the end of one block into the next, whose release shows it.
inline void overrun() {
  auto* volatile first = static_cast<char*>(allocate(2000));
  void* second = allocate(2000);
  volatile char* to = first;
  for (int at = 0; at < 2064; ++at) to[at] = static_cast<char>(0xff);
  release(second);
  // What follows was not a block of the allocator: corruption has to show here and not in another's call.
  std::abort();
}

inline void dereference_null() {
  volatile int* volatile nothing = nullptr;
  *nothing = 1;
}

[[noreturn]] inline void hang() {
  for (;;) ::pause();
}

inline void print_much() {
  for (int line = 0; line < 200; ++line) std::printf("legacy: line %d of what nobody reads\n", line);
  std::fputs("{\"type\":\"result\",\"id\":1,\"value\":\"printed\"}", stdout);
}

// Children that outlive everything unless somebody ends them, one of them in a session of its own.
inline void fork_children() {
  for (int child = 0; child < 3; ++child) {
    if (::fork() != 0) continue;
    if (child == 0) ::setsid();
    for (;;) ::pause();
  }
}

inline bool is_stale(const char* trouble) { return std::strcmp(trouble, "STALE") == 0; }

inline void make_trouble(const char* trouble) {
  const std::string name = trouble;
  if (name == "DOUBLE_FREE") free_twice();
  else if (name == "OVERRUN") overrun();
  else if (name == "NULL_POINTER") dereference_null();
  else if (name == "EXIT") ::_exit(3);
  else if (name == "HANG") hang();
  else if (name == "PRINT") print_much();
  else if (name == "FORK") fork_children();
}

inline unsigned one_in(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? 0 : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

inline void make_random_trouble() {
  static std::mt19937 dice(std::random_device{}());
  static const unsigned crash = one_in("LEGACY_CRASH_ONE_IN");
  static const unsigned never = one_in("LEGACY_HANG_ONE_IN");
  static const char* const crashes[] = {"DOUBLE_FREE", "OVERRUN", "NULL_POINTER", "EXIT"};
  if (crash > 0 && dice() % crash == 0) make_trouble(crashes[dice() % 4]);
  if (never > 0 && dice() % never == 0) hang();
}

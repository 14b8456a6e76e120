// Reaches for everything a program expects of its system. Answers with what it got of it, or why it got nothing.
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <mayfly.hpp>
#include <sys/stat.h>
#include <unistd.h>

extern char** environ;

namespace {

std::string outcome(bool got, std::string what) { return got ? "got " + what : std::string("refused: ") + std::strerror(errno); }

std::string read_file(const char* path) {
  std::FILE* file = std::fopen(path, "r");
  return outcome(file != nullptr, "a file");
}

std::string write_file() {
  const int file = open("/tmp/mayfly-was-here", O_CREAT | O_WRONLY, 0600);
  return outcome(file >= 0, "a file to write to");
}

std::string list_directory() { return outcome(opendir("/") != nullptr, "a directory"); }

std::string make_directory() { return outcome(mkdir("here", 0700) == 0, "a directory of its own"); }

// What was opened for the program before it began: the preopened directories come after the three standard streams.
std::string inherited() {
  struct stat status;
  for (int file = 3; file < 1024; ++file) {
    if (fstat(file, &status) == 0) return "got file " + std::to_string(file);
  }
  return "nothing";
}

std::string environment() {
  if (environ != nullptr && environ[0] != nullptr) return std::string("got ") + environ[0];
  const char* path = std::getenv("PATH");
  return path != nullptr ? std::string("got ") + path : "nothing";
}

std::string standard_input() {
  char byte;
  const ssize_t bytes = read(0, &byte, 1);
  return bytes == 0 ? "nothing" : outcome(bytes > 0, "input");
}

// Both have to be there, and to be of this moment: since 2024, and going on.
std::string clocks() {
  timespec before{}, after{};
  if (std::time(nullptr) < 1'700'000'000 || clock_gettime(CLOCK_MONOTONIC, &before) != 0) return "no clock";
  for (int turn = 0; turn < 100'000'000; ++turn) {
    clock_gettime(CLOCK_MONOTONIC, &after);
    if (after.tv_sec > before.tv_sec || after.tv_nsec > before.tv_nsec) return "time";
  }
  return "a clock that stands still";
}

std::string random_bytes() {
  unsigned char bytes[32] = {};
  if (getentropy(bytes, sizeof(bytes)) != 0) return outcome(false, "");
  std::string text;
  for (const unsigned char byte : bytes) {
    char hex[3];
    std::snprintf(hex, sizeof(hex), "%02x", byte);
    text += hex;
  }
  return text;
}

std::string print(int lines) {
  std::fprintf(stderr, "a line for standard error\n");
  for (int line = 0; line < lines; ++line) {
    std::printf("line %d of standard output\n", line);
    std::fflush(stdout);
  }
  std::printf("a line without an end");
  std::fflush(stdout);
  return "printed";
}

mayfly::Result reaches_outside(const mayfly::Field& field) {
  const std::string what = mayfly::json::text(field.argument("what"));
  const int count = static_cast<int>(mayfly::json::integer(field.argument("count")));
  const auto answer = [&]() -> std::string {
    if (what == "READ_FILE") return read_file("/etc/passwd");
    if (what == "READ_RELATIVE_FILE") return read_file("mayfly.toml");
    if (what == "READ_OWN_PROCESS") return read_file("/proc/self/environ");
    if (what == "WRITE_FILE") return write_file();
    if (what == "LIST_DIRECTORY") return list_directory();
    if (what == "MAKE_DIRECTORY") return make_directory();
    if (what == "INHERITED") return inherited();
    if (what == "ENVIRONMENT") return environment();
    if (what == "STANDARD_INPUT") return standard_input();
    if (what == "CLOCKS") return clocks();
    if (what == "RANDOM") return random_bytes();
    if (what == "PRINT") return print(count);
    if (what == "EXIT") std::exit(count);
    return "nothing asked for";
  };
  return mayfly::json::quote(answer());
}

}  // namespace

MAYFLY_RESOLVER(Query, reachesOutside, reaches_outside)

// Breaks memory the way unmanaged code does: what ended the process that Mayfly replaces ends one invocation here, or nothing.
#include <cstdio>
#include <cstring>
#include <map>
#include <mayfly.hpp>
#include <vector>

namespace {

// Hides a value, and what was written to memory, from the compiler, which would leave out what the language does not define.
template <typename T>
T hidden(T value) {
  __asm__ volatile("" : "+r"(value) : : "memory");
  return value;
}

// An honest answer that needs a working heap: many allocations of all sizes, and what was written into them.
std::string checksum() {
  std::map<std::string, std::vector<int>> rows;
  for (int row = 0; row < 200; ++row) rows["row " + std::to_string(row)].assign(row + 1, row);
  long long sum = 0;
  for (const auto& [name, values] : rows) {
    for (const int value : values) sum += value + static_cast<int>(name.size());
  }
  return std::to_string(sum);
}

// This libc does not look for it: what comes of it is left to chance.
void double_free() {
  char* block = hidden(static_cast<char*>(std::malloc(40)));
  hidden(std::malloc(40));
  std::memset(block, 'a', 40);
  std::free(block);
  std::free(hidden(block));
}

void use_after_free() {
  auto* rows = hidden(new std::vector<std::string>(100, "a row that is too long to be held without the heap"));
  std::string* row = hidden(rows->data());
  delete rows;
  // What comes to lie where the rows were looks like rows that begin outside of memory.
  for (int block = 0; block < 64; ++block) hidden(new std::vector<unsigned>(300, 0xc1c1c1c1));
  for (int index = 0; index < 100; ++index) row[index] += " and grows";
}

// Address 0 is memory like any other in here: nothing stops it, and what lies there is this invocation's own.
void null_write() {
  for (int offset = 0; offset < 4096; ++offset) *hidden(reinterpret_cast<volatile char*>(offset)) = 'x';
}

// Over the end of a buffer: over the neighbours, over the allocator's own notes, then over the end of memory.
void heap_overflow(std::size_t bytes) {
  char* buffer = hidden(static_cast<char*>(std::malloc(16)));
  char* neighbour = hidden(static_cast<char*>(std::malloc(16)));
  std::memset(hidden(buffer), 'x', bytes);
  std::free(neighbour);
  std::free(buffer);
}

// Answers with the checksum when nothing stopped it.
mayfly::Result memory_errors(const mayfly::Field& field) {
  const std::string how = mayfly::json::text(field.argument("how"));
  if (how == "DOUBLE_FREE") double_free();
  if (how == "USE_AFTER_FREE") use_after_free();
  if (how == "NULL_WRITE") null_write();
  if (how == "HEAP_OVERFLOW") heap_overflow(4096);
  if (how == "HEAP_OVERRUN") heap_overflow(1 << 24);
  return checksum();
}

}  // namespace

MAYFLY_RESOLVER(Query, memoryErrors, memory_errors)

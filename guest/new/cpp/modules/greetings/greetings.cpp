// Greetings, from DynamoDB.

#include <mayfly.hpp>

using namespace mayfly;

Result greeting(const Field& field) {
  const std::string language = json::text(field.argument("language"));
  return dynamodb::get("Greetings", R"({"language": )" + json::quote(language) + "}").take();
}

MAYFLY_RESOLVER(Query, greeting, greeting)

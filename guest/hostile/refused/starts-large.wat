;; Asks for one page more than its cap before any of its code runs: the memory it declares.
(module
  (memory (export "memory") 129)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "mayfly:resolver/handler@0.1.0#resolve") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
  (@custom "mayfly:fields" "Query.startsLarge\n"))

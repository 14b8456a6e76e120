;; Never gets so far as to be called: its start function traps.
(module
  (memory (export "memory") 1)
  (func $start (unreachable))
  (start $start)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "mayfly:resolver/handler@0.1.0#resolve") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
  (@custom "mayfly:fields" "Query.startTraps\n"))

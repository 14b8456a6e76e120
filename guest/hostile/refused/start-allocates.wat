;; Never gets so far as to be called: its start function takes memory until it is refused, and goes no further.
(module
  (memory (export "memory") 1)
  (func $start
    (loop $again
      (br_if $again (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (unreachable))
  (start $start)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "mayfly:resolver/handler@0.1.0#resolve") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32) (unreachable))
  (@custom "mayfly:fields" "Query.startAllocates\n"))

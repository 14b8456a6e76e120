;; Grows one table by more than any cap at once, then by as much as a table may have; answers with 1 if the first was refused and
;; the second was not.
(module
  (memory (export "memory") 1)
  (table $table 1 funcref)
  ;; Writes the number as JSON text into the one answer, and gives where the list of answers is.
  (func $answer (param $number i32) (result i32)
    (local $at i32)
    (local.set $at (i32.const 64))
    (loop $digit
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (i32.store8 (local.get $at) (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
      (local.set $number (i32.div_u (local.get $number) (i32.const 10)))
      (br_if $digit (local.get $number)))
    ;; A list of one answer at 64, which is `ok` (0) with a text.
    (i32.store (i32.const 64) (i32.const 72))
    (i32.store (i32.const 68) (i32.const 1))
    (i32.store (i32.const 76) (local.get $at))
    (i32.store (i32.const 80) (i32.sub (i32.const 64) (local.get $at)))
    (i32.const 64))
  ;; What the host hands over goes beyond the answer, each over the one before: nothing here reads it.
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
  (func (export "mayfly:resolver/handler@0.1.0#resolve") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $answer (i32.and
      (i32.eq (table.grow $table (ref.null func) (i32.const 0x7fffffff)) (i32.const -1))
      (i32.eq (table.grow $table (ref.null func) (i32.const 10000)) (i32.const 1)))))
  (@custom "mayfly:fields" "Query.tableGrows\n"))

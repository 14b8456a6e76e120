;; Many tables, each in an instance of its own and grown by the thousand elements until it is refused; answers with the thousands it
;; got in all. An element costs the host eight bytes, and counts against the same cap as memory.
(component
  (core module $table
    (table $table 0 funcref)
    (func (export "fill") (result i32)
      (loop $more (br_if $more (i32.ne (table.grow $table (ref.null func) (i32.const 1000)) (i32.const -1))))
      (table.size $table)))
  (core instance $a (instantiate $table))
  (core instance $b (instantiate $table))
  (core instance $c (instantiate $table))
  (core instance $d (instantiate $table))
  (core instance $e (instantiate $table))
  (core instance $f (instantiate $table))
  (core instance $g (instantiate $table))

  (core module $main
    (import "a" "fill" (func $fill-a (result i32)))
    (import "b" "fill" (func $fill-b (result i32)))
    (import "c" "fill" (func $fill-c (result i32)))
    (import "d" "fill" (func $fill-d (result i32)))
    (import "e" "fill" (func $fill-e (result i32)))
    (import "f" "fill" (func $fill-f (result i32)))
    (import "g" "fill" (func $fill-g (result i32)))
    (memory (export "memory") 1)
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
    (func (export "resolve") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (call $answer (i32.div_u
        (i32.add (i32.add (i32.add (i32.add (i32.add (i32.add (i32.add (i32.const 0) (call $fill-a)) (call $fill-b)) (call $fill-c)) (call $fill-d)) (call $fill-e)) (call $fill-f)) (call $fill-g))
        (i32.const 1000))))
    (@custom "mayfly:fields" "Query.manyTables\n"))
  (core instance $main (instantiate $main
    (with "a" (instance $a))
    (with "b" (instance $b))
    (with "c" (instance $c))
    (with "d" (instance $d))
    (with "e" (instance $e))
    (with "f" (instance $f))
    (with "g" (instance $g))))

  ;; The handler of wit/handler.wit.
  (type $types (instance
    (type (record (field "code" string) (field "message" string) (field "retryable" bool)))
    (export "error" (type (eq 0)))))
  (import "mayfly:resolver/types@0.1.0" (instance $types (type $types)))
  (alias export $types "error" (type $error))
  (type $invocation-record (record
    (field "type-name" string) (field "field-name" string) (field "arguments" string) (field "parents" (list string))))
  (type $answers (list (result string (error $error))))
  (func $resolve (param "invocation" $invocation-record) (result $answers)
    (canon lift (core func $main "resolve") (memory $main "memory") (realloc (func $main "cabi_realloc"))))
  (component $handler
    (type $error-record (record (field "code" string) (field "message" string) (field "retryable" bool)))
    (import "error" (type $error (eq $error-record)))
    (type $invocation-record (record
      (field "type-name" string) (field "field-name" string) (field "arguments" string) (field "parents" (list string))))
    (import "invocation" (type $invocation (eq $invocation-record)))
    (import "resolve" (func $resolve (param "invocation" $invocation) (result (list (result string (error $error))))))
    (export $error-out "error" (type $error))
    (export $invocation-out "invocation" (type $invocation))
    (export "resolve" (func $resolve)
      (func (param "invocation" $invocation-out) (result (list (result string (error $error-out)))))))
  (instance $handler (instantiate $handler
    (with "error" (type $error))
    (with "invocation" (type $invocation-record))
    (with "resolve" (func $resolve))))
  (export "mayfly:resolver/handler@0.1.0" (instance $handler)))

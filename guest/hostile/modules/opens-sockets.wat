;; Asks WASI for a TCP socket, a UDP socket and the address of a name, as no libc for it does by itself. Answers with the three
;; outcomes as two digits each: the number of the error (01 is access-denied), or 99 for success.
(component
  (import "wasi:sockets/network@0.2.0" (instance $network
    (export "network" (type (sub resource)))
    (type $error-code (enum
      "unknown" "access-denied" "not-supported" "invalid-argument" "out-of-memory" "timeout"
      "concurrency-conflict" "not-in-progress" "would-block" "invalid-state" "new-socket-limit"
      "address-not-bindable" "address-in-use" "remote-unreachable" "connection-refused" "connection-reset"
      "connection-aborted" "datagram-too-large" "name-unresolvable" "temporary-resolver-failure"
      "permanent-resolver-failure"))
    (export "error-code" (type (eq $error-code)))
    (type $family (enum "ipv4" "ipv6"))
    (export "ip-address-family" (type (eq $family)))))
  (alias export $network "network" (type $network-type))
  (alias export $network "error-code" (type $error-code))
  (alias export $network "ip-address-family" (type $family))
  (import "wasi:sockets/instance-network@0.2.0" (instance $instance-network
    (alias outer 1 $network-type (type $network-type))
    (export "network" (type $network (eq $network-type)))
    (export "instance-network" (func (result (own $network))))))
  (import "wasi:sockets/tcp@0.2.0" (instance $tcp
    (export "tcp-socket" (type (sub resource)))))
  (alias export $tcp "tcp-socket" (type $tcp-socket))
  (import "wasi:sockets/tcp-create-socket@0.2.0" (instance $tcp-create
    (alias outer 1 $error-code (type $outer-error))
    (export "error-code" (type $error-code (eq $outer-error)))
    (alias outer 1 $family (type $outer-family))
    (export "ip-address-family" (type $family (eq $outer-family)))
    (alias outer 1 $tcp-socket (type $outer-socket))
    (export "tcp-socket" (type $socket (eq $outer-socket)))
    (export "create-tcp-socket"
      (func (param "address-family" $family) (result (result (own $socket) (error $error-code)))))))
  (import "wasi:sockets/udp@0.2.0" (instance $udp
    (export "udp-socket" (type (sub resource)))))
  (alias export $udp "udp-socket" (type $udp-socket))
  (import "wasi:sockets/udp-create-socket@0.2.0" (instance $udp-create
    (alias outer 1 $error-code (type $outer-error))
    (export "error-code" (type $error-code (eq $outer-error)))
    (alias outer 1 $family (type $outer-family))
    (export "ip-address-family" (type $family (eq $outer-family)))
    (alias outer 1 $udp-socket (type $outer-socket))
    (export "udp-socket" (type $socket (eq $outer-socket)))
    (export "create-udp-socket"
      (func (param "address-family" $family) (result (result (own $socket) (error $error-code)))))))
  (import "wasi:sockets/ip-name-lookup@0.2.0" (instance $lookup
    (alias outer 1 $network-type (type $outer-network))
    (export "network" (type $network (eq $outer-network)))
    (alias outer 1 $error-code (type $outer-error))
    (export "error-code" (type $error-code (eq $outer-error)))
    (export "resolve-address-stream" (type $stream (sub resource)))
    (export "resolve-addresses"
      (func (param "network" (borrow $network)) (param "name" string) (result (result (own $stream) (error $error-code)))))))

  ;; A memory of its own, because calls are lowered with it before the code that makes them exists.
  (core module $memory (memory (export "memory") 1) (data (i32.const 256) "localhost"))
  (core instance $memory (instantiate $memory))
  (core func $instance-network (canon lower (func $instance-network "instance-network")))
  (core func $tcp (canon lower (func $tcp-create "create-tcp-socket") (memory $memory "memory")))
  (core func $udp (canon lower (func $udp-create "create-udp-socket") (memory $memory "memory")))
  (core func $lookup (canon lower (func $lookup "resolve-addresses") (memory $memory "memory")))

  (core module $main
    (import "host" "instance-network" (func $instance-network (result i32)))
    (import "host" "tcp" (func $tcp (param i32 i32)))
    (import "host" "udp" (func $udp (param i32 i32)))
    (import "host" "lookup" (func $lookup (param i32 i32 i32 i32)))
    (import "memory" "memory" (memory 1))
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
    ;; The error that stands in the result at 128, or 99.
    (func $outcome (result i32)
      (select (i32.load8_u (i32.const 132)) (i32.const 99) (i32.load8_u (i32.const 128))))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "resolve") (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (local $outcomes i32)
      (call $tcp (i32.const 0) (i32.const 128))
      (local.set $outcomes (call $outcome))
      (call $udp (i32.const 0) (i32.const 128))
      (local.set $outcomes (i32.add (i32.mul (local.get $outcomes) (i32.const 100)) (call $outcome)))
      (call $lookup (call $instance-network) (i32.const 256) (i32.const 9) (i32.const 128))
      (local.set $outcomes (i32.add (i32.mul (local.get $outcomes) (i32.const 100)) (call $outcome)))
      (call $answer (local.get $outcomes)))
    (@custom "mayfly:fields" "Query.opensSockets\n"))
  (core instance $main (instantiate $main
    (with "memory" (instance $memory))
    (with "host" (instance
      (export "instance-network" (func $instance-network))
      (export "tcp" (func $tcp))
      (export "udp" (func $udp))
      (export "lookup" (func $lookup))))))

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
    (canon lift (core func $main "resolve") (memory $memory "memory") (realloc (func $main "cabi_realloc"))))
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

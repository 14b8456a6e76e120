//! What time it is: fixed while a module is built, so that the same source gives the same component; the host's afterwards.

use std::cell::Cell;

use crate::bindings::mayfly::resolver::clock;

thread_local! {
    static INVOKED: Cell<bool> = const { Cell::new(false) };
}

/// An invocation begins; nothing was one before.
pub(crate) fn begin() {
    INVOKED.set(true);
}

/// Whether an invocation is under way, so that the host may be called.
pub(crate) fn is_invoked() -> bool {
    INVOKED.get()
}

/// Microseconds since 1970, for `Date` and `performance`: the one thing that this build of QuickJS asks of its surroundings.
#[allow(unsafe_code, reason = "an export by a name is an unsafe attribute")]
#[unsafe(no_mangle)]
extern "C" fn __rquickjs_host_now_us() -> f64 {
    if !is_invoked() {
        return 0.0;
    }
    // Whole milliseconds, as `Date` has them; 2^53 µs last until the year 2255.
    clock::now_ms() as f64 * 1_000.0
}

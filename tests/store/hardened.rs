//! Services that may do less than usual: file systems mounted read-only or `noexec`, and system calls that are forbidden.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use mayfly_tests::versions::{mark, marked};
use mayfly_tests::{TestApp, TestHost, built};

use super::{WITH_TOKEN, store, version};

/// A host on an app, after a script has mounted something for it alone; none where nobody may mount.
async fn mounted(app: TestApp, script: &str, place: &Path) -> Option<TestHost> {
    let alone = ["--mount", "--map-root-user", "--", "sh", "-ec"];
    let mut probe = Command::new("unshare");
    probe.args(alone).arg("mount -t tmpfs none \"$0\"");
    let allowed = probe.arg(place).status();
    if !allowed.is_ok_and(|status| status.success()) {
        println!("not shown here: mounting is not allowed");
        return None;
    }
    let mut command = Command::new("unshare");
    command
        .args(alone)
        .arg(format!("{script}\nexec \"$@\""))
        .arg(place)
        .arg(built().join("mayfly"));
    Some(TestHost::start_program(app, command).await)
}

#[tokio::test]
async fn a_store_that_became_read_only_serves_what_it_has() {
    let host = TestHost::start(TestApp::swapping().with_configuration(WITH_TOKEN)).await;
    let pushed = host.push("marked", marked(&mark("good", 1))).await;
    assert_eq!(pushed.status, 200, "{}", pushed.text);
    let app = host.stopped().await;
    let place = store(&app, "");
    let script = "mount --bind \"$0\" \"$0\"\nmount -o remount,bind,ro \"$0\"";
    let Some(host) = mounted(app, script, &place).await else {
        return;
    };
    assert_eq!(version(&host).await, mark("good", 1));
    assert_eq!(host.times_logged("compiling module"), 0);
    let answer = host.push("marked", marked(&mark("good", 2))).await;
    assert!(answer.status.is_server_error(), "{}", answer.text);
    assert!(
        answer.text.contains("Read-only file system")
            && answer.text.contains("make `server.store` writable"),
        "{}",
        answer.text
    );
    host.rolls_back("marked").await;
    assert_eq!(version(&host).await, mark("good", 0));
}

#[tokio::test]
async fn a_store_that_is_mounted_noexec_is_as_good_as_any() {
    let place = tempfile::tempdir().unwrap();
    let app =
        TestApp::swapping().with_configuration(&format!("{WITH_TOKEN}store = {:?}", place.path()));
    let script = "mount -t tmpfs -o noexec,mode=700 none \"$0\"";
    let Some(host) = mounted(app, script, place.path()).await else {
        return;
    };
    assert_eq!(host.times_logged("compiling module"), 2, "it begins empty");
    assert_eq!(version(&host).await, mark("good", 0));
    let pushed = host.push("marked", marked(&mark("good", 1))).await;
    assert_eq!(pushed.status, 200, "{}", pushed.text);
    assert_eq!(version(&host).await, mark("good", 1));
}

/// A filter that answers EPERM to what lowers priorities, as systemd's `SystemCallFilter=~@resources` does.
fn without_priorities() -> Vec<libc::sock_filter> {
    const REFUSED: [libc::c_long; 5] = [
        libc::SYS_setpriority,
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setattr,
        libc::SYS_ioprio_set,
    ];
    let step = |code: u32, jf: u8, k: u32| libc::sock_filter {
        code: u16::try_from(code).unwrap(),
        jt: 0,
        jf,
        k,
    };
    let mut filter = vec![step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0)];
    let answer = libc::BPF_RET | libc::BPF_K;
    for call in REFUSED {
        let is_call = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
        let refused = libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs();
        filter.push(step(is_call, 1, u32::try_from(call).unwrap()));
        filter.push(step(answer, 0, refused));
    }
    filter.push(step(answer, 0, libc::SECCOMP_RET_ALLOW));
    filter
}

/// Lets this process, and what it becomes, make system calls only as a filter says.
#[expect(unsafe_code, reason = "nothing else sets a filter of system calls")]
fn set_filter(filter: &mut [libc::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).unwrap_or_default(),
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: the program and its filter live during the calls, which only read them.
    let failed = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
            || libc::prctl(
                libc::PR_SET_SECCOMP,
                libc::SECCOMP_MODE_FILTER,
                &raw const program,
            ) != 0
    };
    if failed {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

#[tokio::test]
#[expect(
    unsafe_code,
    reason = "what runs between fork and exec is only this filter"
)]
async fn a_priority_that_may_not_be_lowered_costs_nothing_but_the_priority() {
    let mut command = Command::new(built().join("mayfly"));
    let mut filter = without_priorities();
    // SAFETY: it makes two system calls.
    unsafe { command.pre_exec(move || set_filter(&mut filter)) };
    let app = TestApp::swapping().with_configuration(WITH_TOKEN);
    let host = TestHost::start_program(app, command).await;
    for number in 1..=2 {
        let pushed = host.push("marked", marked(&mark("good", number))).await;
        assert_eq!(pushed.status, 200, "{}", pushed.text);
        assert_eq!(version(&host).await, mark("good", number));
    }
    let told = "the priority cannot be lowered (Operation not permitted";
    host.logged(&["\"WARN\"", told]).await;
    assert_eq!(host.times_logged(told), 1, "it is told once");
}

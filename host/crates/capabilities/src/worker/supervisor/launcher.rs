//! `mayfly worker launch`: limits this process, and becomes the worker's program.
//!
//! Everything that needs a right comes before that right is given up: control group and limits, then the user, then no new privileges,
//! then system calls and files. What fails ends the launcher with a message on standard error, where the worker's own would be.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use rustix::process::{
    Gid, Resource, Rlimit, Signal, Uid, getegid, geteuid, getppid, getrlimit,
    set_parent_process_death_signal, setrlimit, setsid,
};
use rustix::thread::{
    CapabilitySet, remove_capability_from_bounding_set, set_no_new_privs, set_thread_groups,
    set_thread_res_gid, set_thread_res_uid,
};

use super::order::Launch;
use super::{files, system_calls};

/// The status of a launcher that could not become the worker, as shells have it.
const CANNOT_START: u8 = 127;

pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let problem = launch(arguments);
    let _ = writeln!(io::stderr(), "mayfly: {problem}");
    ExitCode::from(CANNOT_START)
}

/// Does not come back, except with what went wrong.
fn launch(arguments: &[OsString]) -> String {
    match prepare(arguments) {
        Ok(mut command) => {
            let error = command.exec();
            let program = command.get_program().display();
            format!("cannot start {program}: {error}")
        }
        Err(problem) => problem,
    }
}

fn prepare(arguments: &[OsString]) -> Result<Command, String> {
    let (keeper, group, rest) = own(arguments).ok_or("malformed arguments")?;
    let launch = Launch::parse(rest).ok_or("malformed arguments")?;
    if let Some(group) = group {
        let procs = group.join("cgroup.procs");
        fs::write(&procs, "0").map_err(|error| {
            format!(
                "cannot enter its control group: {}: {error}",
                procs.display()
            )
        })?;
    }
    // It has the session of the guard otherwise, and signals to a group would reach others.
    let _ = setsid();
    // When memory runs out, this goes before the host does. Where the system refuses, somebody else may.
    let _ = fs::write("/proc/self/oom_score_adj", "500");
    limit(&launch)?;
    std::env::set_current_dir(&launch.directory).map_err(|error| {
        let directory = launch.directory.display();
        format!("cannot enter its directory {directory}: {error}")
    })?;
    close_all_but_three()?;
    become_user(&launch)?;
    // After the user has changed, which would undo it.
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|error| error.to_string())?;
    if getppid().map(|parent| parent.as_raw_nonzero().get()) != Some(keeper) {
        return Err("its keeper is gone".to_owned());
    }
    set_no_new_privs(true).map_err(|error| format!("cannot give up new privileges: {error}"))?;
    system_calls::restrict()?;
    if launch.restrict_files {
        files::restrict(&launch.hidden, &launch.writable)?;
    }
    let (program, arguments) = launch.command.split_first().ok_or("there is no command")?;
    let mut command = Command::new(program);
    command.args(arguments);
    Ok(command)
}

/// What the keeper says for itself, before the order's own arguments.
fn own(arguments: &[OsString]) -> Option<(i32, Option<PathBuf>, &[OsString])> {
    let [name, keeper, rest @ ..] = arguments else {
        return None;
    };
    let keeper = keeper
        .to_str()?
        .parse()
        .ok()
        .filter(|_| name == "--keeper")?;
    match rest {
        [name, group, rest @ ..] if name == "--cgroup" => Some((keeper, Some(group.into()), rest)),
        _ => Some((keeper, None, rest)),
    }
}

fn limit(launch: &Launch) -> Result<(), String> {
    let limits = [
        (Resource::Core, Some(0), "the size of core files"),
        (Resource::Data, launch.data_bytes, "its data"),
        (
            Resource::As,
            launch.address_space_bytes,
            "its address space",
        ),
        (Resource::Nofile, Some(launch.files), "its open files"),
        (Resource::Nproc, launch.user_tasks, "its processes"),
    ];
    for (resource, most, what) in limits {
        let Some(most) = most else { continue };
        // Whoever started the host may have set a lower limit, which stands.
        let already = getrlimit(resource).maximum;
        let most = Some(already.map_or(most, |already| already.min(most)));
        let limit = Rlimit {
            current: most,
            maximum: most,
        };
        setrlimit(resource, limit).map_err(|error| format!("cannot limit {what}: {error}"))?;
    }
    Ok(())
}

/// Closes whatever the host inherited and did not close for its children: its own descriptors close by themselves.
#[expect(
    unsafe_code,
    reason = "nothing else closes a descriptor that no value of this program owns"
)]
fn close_all_but_three() -> Result<(), String> {
    let listed = fs::read_dir("/proc/self/fd")
        .map_err(|error| format!("cannot list its descriptors: /proc/self/fd: {error}"))?;
    let open: Vec<i32> = listed
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    // The list that was read is closed, and its own number with it.
    let is_open = |descriptor: &i32| fs::read_link(format!("/proc/self/fd/{descriptor}")).is_ok();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        if is_open(&descriptor) {
            // SAFETY: the launcher has one thread, and no value of it owns a descriptor above the standard three.
            unsafe { rustix::io::close(descriptor) };
        }
    }
    Ok(())
}

/// Becomes another user for good, or, as root, gives up what root may do beyond its own files.
fn become_user(launch: &Launch) -> Result<(), String> {
    let failed = |error: rustix::io::Errno| {
        format!("cannot become its user: {error}; run the host as root, or remove `user`")
    };
    if let Some(gid) = launch.gid.map(Gid::from_raw) {
        set_thread_groups(&[gid]).map_err(failed)?;
        set_thread_res_gid(gid, gid, gid).map_err(failed)?;
    }
    if let Some(uid) = launch.uid.map(Uid::from_raw) {
        set_thread_res_uid(uid, uid, uid).map_err(failed)?;
        if geteuid() != uid || launch.gid.is_some_and(|gid| getegid().as_raw() != gid) {
            return Err("its user did not change".to_owned());
        }
    }
    if geteuid().is_root() {
        for capability in CapabilitySet::all().iter() {
            // A kernel does not know the newest ones.
            let _ = remove_capability_from_bounding_set(capability);
        }
    }
    Ok(())
}

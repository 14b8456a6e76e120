//! Control groups of workers, version 2, where the host's own group was delegated to it.
//!
//! The kernel lets a group limit its children only when no process is in itself. So the host moves itself into a child first, which it
//! may do only where whoever made the group says so: service managers mark a delegated group with an attribute.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

/// Where the hierarchy is mounted.
const MOUNT: &str = "/sys/fs/cgroup";

/// How service managers mark a group that its processes may divide.
const DELEGATED: [&str; 2] = ["user.delegate", "trusted.delegate"];

/// The host's own child.
const HOST: &str = "mayfly-host";

/// What begins the name of a worker's group.
const WORKER: &str = "mayfly-worker";

/// What workers are limited by.
const CONTROLLERS: [&str; 2] = ["memory", "pids"];

/// How often a group is tried to be removed; its processes are gone, and the kernel may take a moment to see it.
const REMOVALS: u32 = 50;

/// The group of the host, which holds those of workers.
#[derive(Debug)]
pub(in crate::worker) struct Cgroups(PathBuf);

impl Cgroups {
    /// The group of this process, prepared once; or why there is none to use.
    pub(in crate::worker) fn here() -> Result<&'static Self, &'static str> {
        static HERE: OnceLock<Result<Cgroups, String>> = OnceLock::new();
        let here = HERE.get_or_init(|| {
            let own = fs::read_to_string("/proc/self/cgroup").map_err(|error| error.to_string())?;
            Self::prepare(Path::new(MOUNT), &own, is_delegated)
        });
        here.as_ref().map_err(String::as_str)
    }

    /// Makes the group of a process ready to hold others. `own` is what the kernel says of its groups.
    fn prepare(
        mount: &Path,
        own: &str,
        is_delegated: impl Fn(&Path) -> bool,
    ) -> Result<Self, String> {
        let path = own.lines().find_map(|line| line.strip_prefix("0::/"));
        let path = path.ok_or("this system has no control groups of version 2")?;
        let group = mount.join(path.strip_suffix(HOST).unwrap_or(path));
        let listed = fs::read_to_string(group.join("cgroup.controllers")).unwrap_or_default();
        let has = |controller: &&str| listed.split_whitespace().any(|known| known == *controller);
        if let Some(missing) = CONTROLLERS.iter().find(|controller| !has(controller)) {
            return Err(format!(
                "the host's control group does not have the controller `{missing}`"
            ));
        }
        if !is_delegated(&group) {
            return Err(
                "the host's control group is not delegated to it (`Delegate=yes`)".to_owned(),
            );
        }
        let failed =
            |error: io::Error| format!("the host's control group cannot be divided: {error}");
        let host = group.join(HOST);
        make(&host).map_err(failed)?;
        let inside = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
        for process in inside.lines() {
            // One that ended meanwhile is no problem; one that stays is, and the next step says so.
            let _ = fs::write(host.join("cgroup.procs"), process);
        }
        let wanted = CONTROLLERS
            .map(|controller| format!("+{controller}"))
            .join(" ");
        fs::write(group.join("cgroup.subtree_control"), wanted).map_err(failed)?;
        Ok(Self(group))
    }

    /// A name for the group of one more worker.
    pub(in crate::worker) fn of_worker(&self, number: u64) -> PathBuf {
        self.0
            .join(format!("{WORKER}-{}-{number}", std::process::id()))
    }
}

fn is_delegated(group: &Path) -> bool {
    let says = |name: &&str| {
        let mut value = [0; 1];
        let read = rustix::fs::getxattr(group, *name, &mut value[..]);
        read == Ok(1) && value == *b"1"
    };
    DELEGATED.iter().any(says)
}

fn make(group: &Path) -> io::Result<()> {
    match fs::create_dir(group) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made,
    }
}

/// Makes the group of a worker, with its limits.
pub(super) fn create(group: &Path, memory_bytes: u64, tasks: u64) -> Result<(), String> {
    let failed = |error: io::Error| format!("its control group cannot be created: {error}");
    make(group).map_err(failed)?;
    for (file, value) in [
        ("memory.max", memory_bytes.to_string()),
        ("pids.max", tasks.to_string()),
        // The whole of it or nothing: half a worker answers nobody.
        ("memory.oom.group", "1".to_owned()),
    ] {
        fs::write(group.join(file), value).map_err(failed)?;
    }
    // A system without swap does not have it.
    let _ = fs::write(group.join("memory.swap.max"), "0");
    Ok(())
}

/// Ends everything in a group; false where the kernel has to be asked for each process.
pub(super) fn kill(group: &Path) -> bool {
    fs::write(group.join("cgroup.kill"), "1").is_ok()
}

/// Why the kernel ended what was in a group, if it did. Where a group around this one, or the machine, had no memory left, the worker
/// did not exceed anything.
pub(super) fn reason(group: &Path, memory_bytes: u64) -> Option<String> {
    let events = fs::read_to_string(group.join("memory.events")).ok()?;
    let happened = |name: &str| {
        let count = events.lines().find_map(|line| line.strip_prefix(name));
        count.is_some_and(|count| count.trim() != "0")
    };
    (happened("oom ") && happened("oom_kill ")).then(|| format!("memory {memory_bytes}"))
}

/// Ends whatever is left in a group, and removes it; nothing where it is gone already.
pub(super) fn end(group: &Path) {
    kill(group);
    remove(group);
}

/// Removes a group whose processes have ended.
pub(super) fn remove(group: &Path) {
    for _ in 0..REMOVALS {
        match fs::remove_dir(group) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                thread::sleep(Duration::from_millis(2));
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    /// A hierarchy as the kernel shows it, with the files that are read or written.
    fn hierarchy(controllers: &str) -> (tempfile::TempDir, PathBuf) {
        let mount = tempfile::tempdir().unwrap();
        let group = mount.path().join("system.slice/mayfly.service");
        fs::create_dir_all(&group).unwrap();
        fs::write(group.join("cgroup.controllers"), controllers).unwrap();
        fs::write(group.join("cgroup.procs"), "17\n").unwrap();
        (mount, group)
    }

    const OWN: &str = "0::/system.slice/mayfly.service\n";

    #[test]
    fn a_delegated_group_is_divided_with_the_host_in_a_part_of_its_own() {
        let (mount, group) = hierarchy("cpu memory pids\n");
        let groups = Cgroups::prepare(mount.path(), OWN, |_| true).unwrap();
        let read = |file: &str| fs::read_to_string(group.join(file)).unwrap();
        assert_eq!(read("mayfly-host/cgroup.procs"), "17");
        assert_eq!(read("cgroup.subtree_control"), "+memory +pids");
        let worker = groups.of_worker(3);
        assert!(worker.starts_with(&group));
        create(&worker, 1 << 20, 64).unwrap();
        let read = |file: &str| fs::read_to_string(worker.join(file)).unwrap();
        assert_eq!(read("memory.max"), "1048576");
        assert_eq!(read("memory.swap.max"), "0");
        assert_eq!(read("pids.max"), "64");
        assert_eq!(read("memory.oom.group"), "1");
        assert!(kill(&worker));
        assert_eq!(read("cgroup.kill"), "1");
        for others in ["oom 1\noom_kill 0\n", "oom 0\noom_kill 1\n"] {
            fs::write(worker.join("memory.events"), others).unwrap();
            assert_eq!(reason(&worker, 5), None);
        }
        fs::write(worker.join("memory.events"), "oom 1\noom_kill 2\n").unwrap();
        assert_eq!(reason(&worker, 5).as_deref(), Some("memory 5"));
        // A host that is started again from its own part finds the same.
        let again = format!("{}/mayfly-host\n", OWN.trim_end());
        let again = Cgroups::prepare(mount.path(), &again, |_| true).unwrap();
        assert_eq!(again.of_worker(3), worker);
    }

    #[test]
    fn a_group_that_was_not_delegated_is_left_alone() {
        let (mount, group) = hierarchy("memory pids");
        let problem = |own: &str, is_delegated: bool| {
            Cgroups::prepare(mount.path(), own, |_| is_delegated).unwrap_err()
        };
        assert_eq!(
            problem(OWN, false),
            "the host's control group is not delegated to it (`Delegate=yes`)"
        );
        assert_eq!(
            problem("4:memory:/a\n1:name=systemd:/b\n", true),
            "this system has no control groups of version 2"
        );
        fs::write(group.join("cgroup.controllers"), "cpu pids").unwrap();
        assert_eq!(
            problem(OWN, true),
            "the host's control group does not have the controller `memory`"
        );
        assert!(!group.join("mayfly-host").exists());
    }
}

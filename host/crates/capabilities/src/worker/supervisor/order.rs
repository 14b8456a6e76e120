//! What a keeper is told to start, and how that is written.
//!
//! One text of parts that end with a zero byte, each a letter and a value; none of the values can hold a zero byte, because they are
//! arguments, variables and paths. The environment goes this way and not by arguments, which everybody can read.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The longest order, in bytes. A socket takes so much at once.
pub(super) const MOST_BYTES: usize = 96 << 10;

/// What ends an order.
const END: u8 = b'.';

/// What a keeper starts, and holds it to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::worker) struct Order {
    /// Resident bytes of the worker and everything it forked, at most.
    pub memory_bytes: u64,
    /// Processes and threads of it all, at most.
    pub tasks: u64,
    /// The control group it is put into, where there is one.
    pub cgroup: Option<PathBuf>,
    pub launch: Launch,
    /// The whole environment of the worker.
    pub environment: Vec<(OsString, OsString)>,
}

/// What a launcher does to itself before it becomes the worker.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::worker) struct Launch {
    /// Bytes of data segments and private writable memory.
    pub data_bytes: Option<u64>,
    /// Bytes of address space.
    pub address_space_bytes: Option<u64>,
    /// Open files.
    pub files: u64,
    /// Processes and threads of its user, where it has one of its own.
    pub user_tasks: Option<u64>,
    pub uid: Option<u32>,
    pub gid: Option<u32>,
    pub directory: PathBuf,
    /// Whether the file system is shut with Landlock.
    pub restrict_files: bool,
    /// What it cannot see, with everything below.
    pub hidden: Vec<PathBuf>,
    /// What it may write, with everything below.
    pub writable: Vec<PathBuf>,
    /// The program and its arguments.
    pub command: Vec<OsString>,
}

impl Order {
    /// As it is sent.
    pub(super) fn encode(&self) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let mut part = |letter: u8, value: &[u8]| {
            bytes.push(letter);
            bytes.extend_from_slice(value);
            bytes.push(0);
        };
        part(b'm', self.memory_bytes.to_string().as_bytes());
        part(b't', self.tasks.to_string().as_bytes());
        if let Some(cgroup) = &self.cgroup {
            part(b'c', cgroup.as_os_str().as_bytes());
        }
        for (name, value) in &self.environment {
            part(b'n', name.as_bytes());
            part(b'v', value.as_bytes());
        }
        for argument in self.launch.arguments() {
            part(b'a', argument.as_bytes());
        }
        bytes.push(END);
        if bytes.len() > MOST_BYTES {
            return Err(format!(
                "its command, paths and environment together are longer than {MOST_BYTES} bytes; shorten them"
            ));
        }
        Ok(bytes)
    }

    /// Whether an order is whole.
    pub(super) fn is_whole(bytes: &[u8]) -> bool {
        matches!(bytes, [.., 0, END])
    }

    /// As it was sent; the arguments of the launcher as they are.
    pub(super) fn decode(bytes: &[u8]) -> Option<(Self, Vec<OsString>)> {
        let mut order = Self::default();
        let mut arguments = Vec::new();
        let mut name = None;
        let parts = bytes.strip_suffix(&[END])?.split(|byte| *byte == 0);
        for part in parts.filter(|part| !part.is_empty()) {
            let (letter, value) = part.split_first()?;
            let text = || OsStr::from_bytes(value).to_owned();
            let number = || str::from_utf8(value).ok()?.parse().ok();
            match letter {
                b'm' => order.memory_bytes = number()?,
                b't' => order.tasks = number()?,
                b'c' => order.cgroup = Some(text().into()),
                b'n' => name = Some(text()),
                b'v' => order.environment.push((name.take()?, text())),
                b'a' => arguments.push(text()),
                _ => return None,
            }
        }
        Some((order, arguments))
    }
}

impl Launch {
    /// As arguments of a launcher.
    pub(super) fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        let mut add = |name: &str, value: &OsStr| {
            arguments.push(name.into());
            arguments.push(value.to_owned());
        };
        let numbers = [
            ("--data", self.data_bytes),
            ("--address-space", self.address_space_bytes),
            ("--files", Some(self.files)),
            ("--tasks", self.user_tasks),
            ("--uid", self.uid.map(u64::from)),
            ("--gid", self.gid.map(u64::from)),
            ("--restrict", self.restrict_files.then_some(1)),
        ];
        for (name, number) in numbers {
            if let Some(number) = number {
                add(name, number.to_string().as_ref());
            }
        }
        add("--directory", self.directory.as_os_str());
        for path in &self.hidden {
            add("--hide", path.as_os_str());
        }
        for path in &self.writable {
            add("--write", path.as_os_str());
        }
        arguments.push("--".into());
        arguments.extend(self.command.iter().cloned());
        arguments
    }

    /// From arguments of a launcher.
    pub(super) fn parse(arguments: &[OsString]) -> Option<Self> {
        let mut launch = Self::default();
        let mut arguments = arguments.iter();
        while let Some(name) = arguments.next() {
            if name == "--" {
                launch.command = arguments.cloned().collect();
                return (!launch.command.is_empty()).then_some(launch);
            }
            let value = arguments.next()?;
            let path = || PathBuf::from(value);
            let number = || value.to_str()?.parse::<u64>().ok();
            let id = || value.to_str()?.parse::<u32>().ok();
            match name.to_str()? {
                "--data" => launch.data_bytes = Some(number()?),
                "--address-space" => launch.address_space_bytes = Some(number()?),
                "--files" => launch.files = number()?,
                "--tasks" => launch.user_tasks = Some(number()?),
                "--uid" => launch.uid = Some(id()?),
                "--gid" => launch.gid = Some(id()?),
                "--restrict" => launch.restrict_files = true,
                "--directory" => launch.directory = path(),
                "--hide" => launch.hidden.push(path()),
                "--write" => launch.writable.push(path()),
                _ => return None,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn order() -> Order {
        Order {
            memory_bytes: 1 << 30,
            tasks: 64,
            cgroup: Some("/sys/fs/cgroup/a b".into()),
            launch: Launch {
                data_bytes: Some(5),
                address_space_bytes: None,
                files: 1_024,
                user_tasks: Some(7),
                uid: Some(65_534),
                gid: Some(65_534),
                directory: "/srv/app".into(),
                restrict_files: true,
                hidden: vec!["/srv/app/.mayfly".into(), "/run/secrets".into()],
                writable: vec!["/srv/app/data".into()],
                command: vec!["mono".into(), "--".into(), "a b.exe".into(), "".into()],
            },
            environment: vec![
                ("EMPTY".into(), "".into()),
                ("NAME".into(), "value=with=signs\nand lines".into()),
            ],
        }
    }

    #[test]
    fn an_order_is_read_as_it_was_written() {
        let written = order();
        let bytes = written.encode().unwrap();
        assert!(Order::is_whole(&bytes));
        assert!(!Order::is_whole(bytes.get(..bytes.len() - 1).unwrap()));
        let (mut read, arguments) = Order::decode(&bytes).unwrap();
        read.launch = Launch::parse(&arguments).unwrap();
        // An empty argument is still an argument.
        assert_eq!(read, written);
    }

    #[test]
    fn what_is_no_order_is_refused() {
        assert_eq!(Order::decode(b"m12\0x\0."), None);
        assert_eq!(Order::decode(b"m12\0"), None);
        assert_eq!(Launch::parse(&["--uid".into(), "root".into()]), None);
        assert_eq!(Launch::parse(&["--files".into(), "5".into()]), None);
        let mut long = order();
        long.environment
            .push(("LONG".into(), "x".repeat(100_000).into()));
        assert!(long.encode().unwrap_err().contains("98304 bytes"));
    }
}

//! System calls that no worker may make, by seccomp.
//!
//! Limits of another process, which the kernel lets every process of the same user change: of the host no client would be accepted any
//! more. And memory, semaphores and queues of System V, which outlive whoever made them.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

/// What marks a call of the x32 ABI, where a kernel has it.
#[cfg(target_arch = "x86_64")]
const X32: libc::c_long = 0x4000_0000;

/// The errno of what is refused.
const REFUSED: u32 = libc::EPERM.unsigned_abs();

/// Refuses them to this process, and to all it will start.
pub(super) fn restrict() -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| {
        format!(
            "cannot restrict its system calls: {error}; it needs seccomp, which this kernel or the profile of a container does not allow"
        )
    };
    let Some(arch) = architecture() else {
        return Ok(());
    };
    let filter = SeccompFilter::new(
        rules().map_err(|error| failed(&error))?,
        SeccompAction::Allow,
        SeccompAction::Errno(REFUSED),
        arch,
    );
    let program: BpfProgram = filter
        .and_then(BpfProgram::try_from)
        .map_err(|error| failed(&error))?;
    apply_filter(&program).map_err(|error| failed(&error))
}

/// The architecture that this was built for, where filters are known for it.
fn architecture() -> Option<TargetArch> {
    std::env::consts::ARCH.try_into().ok()
}

fn rules() -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::BackendError> {
    let of_another = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, 0)?;
    let limits = vec![SeccompRule::new(vec![of_another])?];
    let mut rules = BTreeMap::from([
        (libc::SYS_prlimit64, limits),
        (libc::SYS_shmget, Vec::new()),
        (libc::SYS_semget, Vec::new()),
        (libc::SYS_msgget, Vec::new()),
    ]);
    #[cfg(target_arch = "x86_64")]
    rules.extend(
        rules
            .clone()
            .into_iter()
            .map(|(call, rules)| (call | X32, rules)),
    );
    Ok(rules)
}

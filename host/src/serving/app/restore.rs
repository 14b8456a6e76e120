//! Which version of a module a host starts with.
//!
//! What was active when the last host ended, unless the component file has changed since it last got in: then the file is the newer
//! deployment and goes through the gate. A file that is refused leaves what was active in its place; only a module that has neither
//! keeps the app from starting.

use std::sync::Arc;

use mayfly_runtime::modules::writing_remedy;
use mayfly_runtime::modules::{
    ComponentBytes, Effort, Loader, Loading, Refusal, Step, Store, Terms, Version,
};

/// Loads the version that a module starts with.
///
/// # Errors
///
/// Why the component file is refused, when nothing else can take its place.
pub async fn restore(
    loader: &Loader,
    store: &Arc<Store>,
    terms: &Terms<'_>,
    progress: &(dyn Fn(Loading<'_>) + Sync),
) -> Result<Version, Refusal> {
    let name = &terms.module.name;
    let record = store.module(name);
    let file = ComponentBytes::read(&terms.module.component)
        .map_err(|message| Refusal::new(name, Step::Read, message));
    let changed = match &file {
        Ok(file) => record.file.as_deref() != Some(file.digest()),
        Err(_) => false,
    };
    let Some(active) = record.active() else {
        return first(loader, store, terms, &file?, progress).await;
    };
    if let (true, Ok(file)) = (changed, &file) {
        match first(loader, store, terms, file, progress).await {
            Ok(version) => return Ok(version),
            Err(refusal) => report(&refusal, file.digest(), "the active version is kept"),
        }
    }
    match known(loader, store, terms, &active.digest, progress).await {
        Ok(version) => Ok(version),
        Err(refusal) => {
            report(
                &refusal,
                &active.digest,
                "the version that was active cannot be loaded; trying the component file",
            );
            first(loader, store, terms, &file?, progress).await
        }
    }
}

/// Lets a component file in that has not been active here.
async fn first(
    loader: &Loader,
    store: &Arc<Store>,
    terms: &Terms<'_>,
    file: &ComponentBytes,
    progress: &(dyn Fn(Loading<'_>) + Sync),
) -> Result<Version, Refusal> {
    let version = loader
        .load(
            terms.module.clone(),
            file,
            terms.wanted,
            Effort::Full,
            progress,
        )
        .await?;
    loader.prove(&version, &terms.backends).await?;
    let kept = store.keep(file);
    kept.map_err(|error| {
        Refusal::new(
            &terms.module.name,
            Step::Swap,
            format!(
                "the component cannot be stored: {error}; {}",
                writing_remedy(&error)
            ),
        )
    })?;
    Ok(version)
}

/// Loads a version that has been active, and so has passed the gate.
async fn known(
    loader: &Loader,
    store: &Arc<Store>,
    terms: &Terms<'_>,
    digest: &str,
    progress: &(dyn Fn(Loading<'_>) + Sync),
) -> Result<Version, Refusal> {
    let refused = |message| Refusal::new(&terms.module.name, Step::Read, message);
    let component = store.read(digest).map_err(refused)?;
    loader
        .load(
            terms.module.clone(),
            &component,
            terms.wanted,
            Effort::Full,
            progress,
        )
        .await
}

fn report(refusal: &Refusal, digest: &str, and: &str) {
    let (module, step) = (&refusal.module, refusal.step.as_str());
    tracing::error!(
        module,
        version = digest,
        step,
        "refused: {}; {and}",
        refusal.message
    );
}

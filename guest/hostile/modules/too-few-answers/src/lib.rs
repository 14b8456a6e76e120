//! Gives a batch another number of answers than there are parents.

use mayfly_guest::prelude::*;

mayfly_guest::resolvers! {
    Query.miscounted => miscounted,
    Miscounted.tooFew => batch too_few,
    Miscounted.tooMany => batch too_many,
    Miscounted.none => batch none,
}

#[derive(Serialize, Deserialize)]
struct Miscounted {
    id: String,
}

fn miscounted() -> Result<Vec<Miscounted>> {
    Ok(["1", "2", "3"]
        .map(|id| Miscounted { id: id.into() })
        .into())
}

fn too_few(parents: Vec<Miscounted>) -> Result<Vec<String>> {
    Ok(parents
        .into_iter()
        .skip(1)
        .map(|parent| parent.id)
        .collect())
}

fn too_many(parents: Vec<Miscounted>) -> Result<Vec<String>> {
    Ok(parents
        .into_iter()
        .map(|parent| parent.id)
        .chain(["4".into()])
        .collect())
}

fn none(_parents: Vec<Miscounted>) -> Result<Vec<String>> {
    Ok(Vec::new())
}

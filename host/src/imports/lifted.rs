//! How many bytes a guest hands over with a request: counted before anything is done with it.

use super::bindings::mayfly::resolver::dynamodb as wit;

/// What a guest handed over.
pub(super) trait Lifted {
    /// Bytes of all its texts.
    fn lifted_bytes(&self) -> usize;
}

impl Lifted for String {
    fn lifted_bytes(&self) -> usize {
        self.len()
    }
}

impl<T: Lifted> Lifted for Option<T> {
    fn lifted_bytes(&self) -> usize {
        self.as_ref().map_or(0, Lifted::lifted_bytes)
    }
}

impl<T: Lifted> Lifted for Vec<T> {
    fn lifted_bytes(&self) -> usize {
        self.iter()
            .map(|element| size_of::<T>() + element.lifted_bytes())
            .sum()
    }
}

impl<A: Lifted, B: Lifted> Lifted for (&A, &B) {
    fn lifted_bytes(&self) -> usize {
        self.0.lifted_bytes() + self.1.lifted_bytes()
    }
}

macro_rules! records {
    ($($record:ident { $($field:ident),+ })+) => {
        $(impl Lifted for wit::$record {
            fn lifted_bytes(&self) -> usize {
                0 $(+ self.$field.lifted_bytes())+
            }
        })+
    };
}

records! {
    Expression { text, names, values }
    ReadOptions { attributes }
    QueryRequest { table, index, key_condition, filter, options, start_key }
    PutRequest { table, item, condition }
    UpdateRequest { table, key, update, condition }
    DeleteRequest { table, key, condition }
    CheckRequest { table, key, condition }
}

impl Lifted for wit::TransactItem {
    fn lifted_bytes(&self) -> usize {
        match self {
            Self::Put(put) => put.lifted_bytes(),
            Self::Update(update) => update.lifted_bytes(),
            Self::Delete(delete) => delete.lifted_bytes(),
            Self::Check(check) => check.lifted_bytes(),
        }
    }
}

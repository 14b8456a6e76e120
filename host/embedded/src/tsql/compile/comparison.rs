//! Comparisons: both sides are brought to one type, and texts and exact numbers to their collation.

use super::{Compiled, Compiler, Typed, collation_of};
use crate::sql_types::SqlError;
use crate::tsql::typing::{Family, Ty, common};

impl Compiler<'_> {
    /// `one operator other`.
    pub(super) fn compared(&self, one: &Typed, operator: &str, other: &Typed) -> String {
        let ty = common(one.ty, other.ty);
        let (left, right) = (self.comparable(one, ty), self.comparable(other, ty));
        let collation = self.shared_collation(ty, one, other);
        format!("({left}{collation} {operator} {right})")
    }

    /// A value as it compares with others of a type.
    fn comparable(&self, value: &Typed, ty: Ty) -> String {
        let sql = match ty {
            // Money compares with any exact number as it lies: by value.
            Ty::Of(_) if ty.is(Family::Decimal) && value.ty.is(Family::Decimal) => {
                value.sql.clone()
            }
            _ => self.brought_to(value, ty),
        };
        if ty.is(Family::Offset) {
            // The same moment, whatever the offset.
            return format!("in_utc({sql})");
        }
        sql
    }

    fn shared_collation(&self, ty: Ty, one: &Typed, other: &Typed) -> String {
        let asked_for = one.collation.or(other.collation);
        // A column nobody knows the type of may hold text; numbers do not mind.
        let ty = match (ty, one.ty, other.ty) {
            (Ty::Unknown, Ty::Of(_), _) if one.ty.is(Family::Text) => one.ty,
            (Ty::Unknown, _, Ty::Of(_)) if other.ty.is(Family::Text) => other.ty,
            (ty, ..) => ty,
        };
        collation_of(ty, asked_for).map_or_else(String::new, |name| format!(" COLLATE {name}"))
    }

    /// `value IN (list)`.
    pub(super) fn in_list(&self, value: &Typed, list: &[Typed]) -> String {
        let ty = list.iter().fold(value.ty, |ty, item| common(ty, item.ty));
        let left = self.comparable(value, ty);
        let items: Vec<String> = list.iter().map(|item| self.comparable(item, ty)).collect();
        let named = list.iter().find(|item| item.collation.is_some());
        let collation = self.shared_collation(ty, value, named.unwrap_or(value));
        format!("({left}{collation} IN ({}))", items.join(", "))
    }

    /// `value IN (query)`.
    pub(super) fn in_query(&self, value: &Typed, query: Compiled) -> Result<String, SqlError> {
        let [(name, found)] = query.columns.as_slice() else {
            return Err(SqlError::new(
                116,
                "Only one expression can be specified in the select list when the subquery is not introduced with EXISTS.",
            ));
        };
        let ty = common(value.ty, *found);
        let wanted = [(name.clone(), ty)];
        let left = self.comparable(value, ty);
        let collation = self.shared_collation(ty, value, value);
        let query = if ty.is(Family::Decimal) && found.is(Family::Decimal) {
            query.sql
        } else if ty.is(Family::Offset) {
            return Err(SqlError::unsupported("IN with a query of datetimeoffset"));
        } else {
            self.brought(query, &wanted)
        };
        Ok(format!("({left}{collation} IN ({query}))"))
    }

    /// `NULLIF(one, other)`.
    pub(super) fn null_if(&self, one: &Typed, other: &Typed) -> Typed {
        let equal = self.compared(one, "=", other);
        Typed::new(
            format!("(CASE WHEN {equal} THEN NULL ELSE {} END)", one.sql),
            one.ty,
        )
    }
}

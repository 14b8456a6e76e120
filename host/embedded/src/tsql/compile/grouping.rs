//! What may stand in the select list of a query with aggregates: SQLite takes any row's value for the rest, the server refuses.

use crate::sql_types::SqlError;
use crate::tsql::tree::{Expr, Item, Order, Select};

/// The functions that make one value of many rows.
pub(super) const AGGREGATES: [&str; 7] = [
    "AVG",
    "COUNT",
    "COUNT_BIG",
    "MAX",
    "MIN",
    "STRING_AGG",
    "SUM",
];

/// Whether a query makes one row of many without `GROUP BY`, or groups them.
pub(super) fn aggregates(select: &Select) -> bool {
    let in_items = select.items.iter().any(|item| match item {
        Item::Value(value, _) => has_aggregate(value),
        Item::Star(_) => false,
    });
    in_items || select.having.as_ref().is_some_and(has_aggregate)
}

/// Refuses columns that are neither grouped by nor aggregated.
pub(super) fn check(select: &Select, order: &[Order]) -> Result<(), SqlError> {
    if select.group.is_empty() && !aggregates(select) {
        return Ok(());
    }
    for item in &select.items {
        match item {
            Item::Value(value, _) => grouped(value, &select.group, "the select list")?,
            Item::Star(_) => {
                return Err(invalid("*", "the select list"));
            }
        }
    }
    if let Some(having) = &select.having {
        grouped(having, &select.group, "the HAVING clause")?;
    }
    let named = |name: &str| {
        select.items.iter().any(
            |item| matches!(item, Item::Value(_, Some(alias)) if alias.eq_ignore_ascii_case(name)),
        )
    };
    for Order { value, .. } in order {
        let is_alias = matches!(value, Expr::Column(parts) if parts.len() == 1 && parts.iter().all(|part| named(part)));
        if !is_alias {
            grouped(value, &select.group, "the ORDER BY clause")?;
        }
    }
    Ok(())
}

fn invalid(column: &str, place: &str) -> SqlError {
    SqlError::new(
        8120,
        format!(
            "Column '{column}' is invalid in {place} because it is not contained in either an aggregate function or the GROUP BY clause."
        ),
    )
}

fn grouped(value: &Expr, group: &[Expr], place: &str) -> Result<(), SqlError> {
    if group.iter().any(|by| same(value, by)) {
        return Ok(());
    }
    match value {
        Expr::Column(parts) => Err(invalid(&parts.join("."), place)),
        Expr::Call(call) if call.over.is_none() && AGGREGATES.contains(&call.name.as_str()) => {
            Ok(())
        }
        _ => children(value)
            .into_iter()
            .try_for_each(|child| grouped(child, group, place)),
    }
}

fn has_aggregate(value: &Expr) -> bool {
    match value {
        Expr::Call(call) if call.over.is_none() && AGGREGATES.contains(&call.name.as_str()) => true,
        _ => children(value).into_iter().any(has_aggregate),
    }
}

/// Whether two expressions are the same: names in any case, and with or without their table.
fn same(one: &Expr, other: &Expr) -> bool {
    match (one, other) {
        (Expr::Column(one), Expr::Column(other)) => one
            .iter()
            .rev()
            .zip(other.iter().rev())
            .all(|(one, other)| one.eq_ignore_ascii_case(other)),
        _ => {
            let (ours, theirs) = (children(one), children(other));
            one == other
                || (!ours.is_empty()
                    && ours.len() == theirs.len()
                    && std::mem::discriminant(one) == std::mem::discriminant(other)
                    && shape(one) == shape(other)
                    && ours.iter().zip(theirs).all(|(one, other)| same(one, other)))
        }
    }
}

/// What an expression is besides its parts.
fn shape(value: &Expr) -> String {
    match value {
        Expr::Binary2(_, sign, _) | Expr::Unary(sign, _) => sign.to_string(),
        Expr::Compare(_, operator, _) => (*operator).to_owned(),
        Expr::Call(call) => format!("{} {} {}", call.name, call.distinct, call.star),
        Expr::Convert(conversion) => conversion.ty.clone(),
        Expr::Case(operand, branches, otherwise) => {
            format!(
                "{} {} {}",
                operand.is_some(),
                branches.len(),
                otherwise.is_some()
            )
        }
        Expr::Collate(_, name) => name.clone(),
        _ => String::new(),
    }
}

/// The expressions directly inside one; those of a query are its own business.
fn children(value: &Expr) -> Vec<&Expr> {
    match value {
        Expr::Null
        | Expr::Number(_)
        | Expr::Text(..)
        | Expr::Binary(_)
        | Expr::Variable(_)
        | Expr::Column(_)
        | Expr::Exists(_)
        | Expr::Subquery(_) => Vec::new(),
        Expr::Unary(_, value)
        | Expr::Not(value)
        | Expr::IsNull(value)
        | Expr::Collate(value, _)
        | Expr::InQuery(value, _) => vec![value],
        Expr::Binary2(one, _, other)
        | Expr::Compare(one, _, other)
        | Expr::And(one, other)
        | Expr::Or(one, other) => vec![one, other],
        Expr::Like(value, pattern, escape) => {
            let mut parts: Vec<&Expr> = vec![value, pattern];
            parts.extend(escape.as_deref());
            parts
        }
        Expr::Between(value, low, high) => vec![value, low, high],
        Expr::InList(value, list) => std::iter::once(&**value).chain(list).collect(),
        Expr::Case(operand, branches, otherwise) => {
            let mut parts: Vec<&Expr> = operand.iter().map(|operand| &**operand).collect();
            parts.extend(branches.iter().flat_map(|(when, then)| [when, then]));
            parts.extend(otherwise.as_deref());
            parts
        }
        Expr::Convert(conversion) => std::iter::once(&conversion.value)
            .chain(&conversion.style)
            .collect(),
        Expr::Call(call) => {
            let mut parts: Vec<&Expr> = call.arguments.iter().collect();
            if let Some(over) = &call.over {
                parts.extend(&over.partition);
                parts.extend(over.order.iter().map(|order| &order.value));
            }
            parts
        }
    }
}

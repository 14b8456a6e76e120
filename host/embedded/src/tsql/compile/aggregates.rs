//! What makes one value of many rows, and what counts rows over a window.

use super::calls::{INT, invalid, unknown};
use super::scope::Scope;
use super::{Compiler, Typed};
use crate::sql_types::{Length, SqlError, SqlType};
use crate::tsql::tree::{Call, Over};
use crate::tsql::typing::{Family, Ty, digits, family, summed};

impl Compiler<'_> {
    /// What makes one value of many rows.
    pub(super) fn aggregate(&self, call: &Call, scope: &Scope<'_>) -> Result<Typed, SqlError> {
        let over = call
            .over
            .as_ref()
            .map(|over| self.over(over, scope))
            .transpose()?
            .unwrap_or_default();
        let distinct = if call.distinct { "DISTINCT " } else { "" };
        if call.star {
            let ty = match call.name.as_str() {
                "COUNT" => SqlType::Int,
                "COUNT_BIG" => SqlType::BigInt,
                name => return Err(SqlError::syntax(name)),
            };
            return Ok(Typed::new(format!("count(*){over}"), Ty::Of(ty)));
        }
        let argument = call
            .arguments
            .first()
            .ok_or_else(|| SqlError::syntax(&call.name))?;
        let value = self.value(argument, scope)?;
        let collated = value.collated();
        match call.name.as_str() {
            "COUNT" => Ok(Typed::new(
                format!("count({distinct}{collated}){over}"),
                INT,
            )),
            "COUNT_BIG" => Ok(Typed::new(
                format!("count({distinct}{collated}){over}"),
                Ty::Of(SqlType::BigInt),
            )),
            "MIN" | "MAX" => {
                if value.ty == Ty::Of(SqlType::Bit) {
                    return Err(invalid(SqlType::Bit, &call.name));
                }
                Ok(Typed::new(
                    format!("{}({collated}){over}", call.name.to_lowercase()),
                    value.ty,
                ))
            }
            "STRING_AGG" => self.string_agg(call, &value, scope),
            _ => self.total(call, &value, distinct, &over),
        }
    }

    fn total(
        &self,
        call: &Call,
        value: &Typed,
        distinct: &str,
        over: &str,
    ) -> Result<Typed, SqlError> {
        let is_mean = call.name == "AVG";
        let Ty::Of(ty) = value.ty else {
            let name = call.name.to_lowercase();
            return Ok(Typed::new(
                format!("{name}({distinct}{}){over}", value.sql),
                value.ty,
            ));
        };
        let result = summed(ty, is_mean).ok_or_else(|| invalid(ty, &call.name))?;
        let (value, count) = (&value.sql, format!("count({distinct}{}){over}", value.sql));
        let sql = match family(ty) {
            Family::Integer if is_mean => format!(
                "ranged('{}', sum({distinct}{value}){over} / {count})",
                result.name()
            ),
            Family::Integer => format!("ranged('{}', sum({distinct}{value}){over})", result.name()),
            Family::Float if is_mean => format!("avg({distinct}{value}){over}"),
            Family::Float => format!("sum({distinct}{value}){over}"),
            _ => {
                let (precision, scale) = digits(result).unwrap_or((38, 0));
                let sum = format!("exact_sum({distinct}{value}){over}");
                if is_mean {
                    format!("exact('/', {precision}, {scale}, {sum}, nullif({count}, 0))")
                } else {
                    format!("exact('+', {precision}, {scale}, {sum}, 0)")
                }
            }
        };
        Ok(Typed::new(sql, Ty::Of(result)))
    }

    fn string_agg(&self, call: &Call, value: &Typed, scope: &Scope<'_>) -> Result<Typed, SqlError> {
        let separator = call
            .arguments
            .get(1)
            .ok_or_else(|| SqlError::syntax("STRING_AGG"))?;
        let separator = self.value(separator, scope)?;
        let mut terms = Vec::new();
        for order in &call.within {
            let term = self.value(&order.value, scope)?.collated();
            terms.push(format!(
                "{term}{}",
                if order.descending { " DESC" } else { "" }
            ));
        }
        let order = if terms.is_empty() {
            String::new()
        } else {
            format!(" ORDER BY {}", terms.join(", "))
        };
        let sql = format!(
            "group_concat({}, {}{order})",
            self.as_text(value),
            self.as_text(&separator)
        );
        Ok(Typed::new(sql, Ty::Of(SqlType::NVarChar(Length::Max))))
    }

    /// ` OVER (…)`.
    fn over(&self, over: &Over, scope: &Scope<'_>) -> Result<String, SqlError> {
        let mut parts = Vec::new();
        if !over.partition.is_empty() {
            let by = over
                .partition
                .iter()
                .map(|value| self.value(value, scope).map(|value| value.collated()));
            parts.push(format!(
                "PARTITION BY {}",
                by.collect::<Result<Vec<_>, _>>()?.join(", ")
            ));
        }
        let order = self.order(&over.order, scope, &[])?;
        parts.push(order.trim_start().to_owned());
        parts.push(over.frame.clone());
        parts.retain(|part| !part.is_empty());
        Ok(format!(" OVER ({})", parts.join(" ")))
    }

    /// `ROW_NUMBER() OVER (…)` and its kin.
    pub(super) fn ranking(&self, call: &Call, scope: &Scope<'_>) -> Result<Typed, SqlError> {
        let over = call
            .over
            .as_ref()
            .map(|over| self.over(over, scope))
            .transpose()?
            .unwrap_or_default();
        let arguments = call
            .arguments
            .iter()
            .map(|argument| self.value(argument, scope))
            .collect::<Result<Vec<_>, _>>()?;
        let name = call.name.to_lowercase();
        let shown: Vec<&str> = arguments.iter().map(|value| value.sql.as_str()).collect();
        let sql = format!("{name}({}){over}", shown.join(", "));
        match name.as_str() {
            "row_number" | "rank" | "dense_rank" | "ntile" => {
                Ok(Typed::new(sql, Ty::Of(SqlType::BigInt)))
            }
            "lag" | "lead" | "first_value" | "last_value" => Ok(Typed::new(
                sql,
                arguments.first().map_or(Ty::Unknown, |value| value.ty),
            )),
            _ => Err(unknown(&call.name)),
        }
    }
}

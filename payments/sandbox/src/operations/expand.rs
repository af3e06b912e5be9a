//! `expand[]`: ids in an answer replaced by the objects they name.

use serde_json::{Value, json};

use crate::{failure::Failure, transaction::Transaction};

/// Replaces what each path names. A path into a list begins with `data.`.
pub(crate) fn expand(
    transaction: &Transaction<'_>,
    mut answer: Value,
    paths: &[String],
) -> Result<Value, Failure> {
    for path in paths {
        let parts: Vec<&str> = path.split('.').collect();
        if parts.len() > 4 || !expand_one(transaction, &mut answer, &parts) {
            let message = format!("This property cannot be expanded ({path}).");
            return Err(Failure::invalid("expand", message));
        }
    }
    Ok(answer)
}

fn expand_one(transaction: &Transaction<'_>, value: &mut Value, path: &[&str]) -> bool {
    let Some((name, rest)) = path.split_first() else { return true };
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter_mut().all(|item| expand_one(transaction, item, path)),
        Value::Object(members) => {
            if *name == "refunds" && members.get("object") == Some(&json!("charge")) {
                let refunds = refunds_of(transaction, &members["id"]);
                members.insert("refunds".to_owned(), refunds);
            }
            let Some(member) = members.get_mut(*name) else { return false };
            if let Value::String(id) = member {
                match object(transaction, id) {
                    Some(object) => *member = object,
                    None => return false,
                }
            }
            expand_one(transaction, member, rest)
        }
        _ => false,
    }
}

fn object(transaction: &Transaction<'_>, id: &str) -> Option<Value> {
    match id.split_once('_')?.0 {
        "pi" => Some(transaction.intent(id)?.view()),
        "ch" => Some(transaction.charge(id)?.view()),
        "re" => Some(transaction.refund(id)?.view()),
        "pm" => Some(transaction.method(id)?.view()),
        _ => None,
    }
}

fn refunds_of(transaction: &Transaction<'_>, charge: &Value) -> Value {
    let refunds: Vec<Value> = transaction
        .state
        .refunds
        .iter()
        .rev()
        .filter(|refund| *charge == refund.charge)
        .take(10)
        .map(|refund| refund.view())
        .collect();
    let url = format!("/v1/charges/{}/refunds", charge.as_str().unwrap_or_default());
    json!({ "object": "list", "data": refunds, "has_more": false, "url": url })
}

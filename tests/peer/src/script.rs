//! Scripts: files with the values that a role sends.

use std::fmt::Display;
use std::path::Path;

use serde_json::Value as Json;
use service_framework::prelude::*;

use crate::typed;

/// The values of a script: a JSON array of typed values.
pub(crate) fn read_script(path: &Path) -> Result<Vec<Value>> {
    let unread = |reason: &dyn Display| Error::new(format!("cannot read the script `{}`: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| unread(&error))?;
    let values: Vec<Json> = serde_json::from_str(&text).map_err(|error| unread(&error))?;
    values.iter().map(typed::from_json).collect()
}
